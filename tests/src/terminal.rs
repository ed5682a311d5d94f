//! A command on a terminal of its own: what it prints is read, and what it asks is answered.
//!
//! A pair of pseudo-terminal ends, without a controlling terminal: Ctrl-C arrives as a letter or not at all.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};

/// How long a command may be silent before the test fails.
const SILENCE: Duration = Duration::from_secs(60);

/// A command that runs on a terminal.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
    /// How much of it was waited for already.
    read: usize,
}

impl Terminal {
    /// Starts a command with a new terminal as its input, data and messages.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let end = |end: &OwnedFd| Stdio::from(end.try_clone().unwrap());
        command
            .stdin(end(&theirs))
            .stdout(end(&theirs))
            .stderr(end(&theirs));
        let child = command.spawn().unwrap();
        // Once the command has ended, nobody holds the other end, and reading ends too.
        drop((command, theirs));
        let keyboard = File::from(ours);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = mpsc::channel();
        let _reading = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            shown: String::new(),
            read: 0,
        }
    }

    /// Waits until it has printed `text`, and gives all that came before it.
    pub fn until(&mut self, text: &str) -> String {
        loop {
            let fresh = &self.shown[self.read..];
            if let Some(at) = fresh.find(text) {
                let before = fresh[..at].to_owned();
                self.read += at + text.len();
                return before;
            }
            match self.screen.recv_timeout(SILENCE) {
                Ok(bytes) => self.show(&bytes),
                Err(error) => panic!("{text:?} was not printed ({error}): {}", self.shown),
            }
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        self.shown += &String::from_utf8_lossy(bytes).replace('\r', "");
    }

    /// Types something.
    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end: its exit code, and all that the terminal showed.
    #[must_use]
    pub fn end(mut self) -> (i32, String) {
        while let Ok(bytes) = self.screen.recv_timeout(SILENCE) {
            self.show(&bytes);
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, std::mem::take(&mut self.shown))
    }

    /// Whether what is typed is shown.
    #[must_use]
    pub fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ISIG)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
