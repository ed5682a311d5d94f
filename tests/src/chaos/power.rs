//! The power goes out for all nodes at once, under load: each on a file system of its own that is shut
//! down without being told to write anything (XFS, `shutdown` without a flush of its log).
//!
//! What a client has read a receipt for must be there afterwards, at every node.

use std::{
    fs::{self, File},
    path::PathBuf,
    thread,
    time::Duration,
};

use tests::cluster::{AGENCIES, Cluster};

use super::{
    net::Net,
    own::{self, quiet, word},
    run::Run,
};

const TOOLS: [&str; 4] = ["mkfs.xfs", "xfs_io", "mount", "umount"];
/// The least that XFS takes; the file is sparse.
const DISK_BYTES: u64 = 320 << 20;
const BOUND: Duration = Duration::from_secs(60);
const CLIENTS: usize = 4;
/// Power goes out at a random moment within this.
const WITHIN_MS: u64 = 1500;

struct Disks {
    images: Vec<(&'static str, PathBuf, PathBuf)>,
}

impl Disks {
    fn make(cluster: &Cluster) -> Self {
        let images = AGENCIES.map(|name| {
            let image = cluster.path().join(format!("{name}.disk"));
            File::create(&image).unwrap().set_len(DISK_BYTES).unwrap();
            quiet("mkfs.xfs", &["-q", word(&image)]);
            (name, image, cluster.dir(name).join("data"))
        });
        Self {
            images: images.to_vec(),
        }
    }

    /// What `muhr network create` wrote into the folders goes onto the disks.
    fn fill(&self) {
        let aside = |folder: &PathBuf| folder.with_extension("aside");
        for (_, _, folder) in &self.images {
            fs::rename(folder, aside(folder)).unwrap();
        }
        self.mount();
        for (_, _, folder) in &self.images {
            let from = format!("{}/.", word(&aside(folder)));
            quiet("cp", &["-a", &from, word(folder)]);
        }
    }

    fn mount(&self) {
        for (_, image, folder) in &self.images {
            fs::create_dir_all(folder).unwrap();
            quiet("mount", &["-o", "loop", word(image), word(folder)]);
        }
    }

    /// From here on no write reaches the disk, and nothing that was on its way does.
    fn cut(&self) {
        thread::scope(|scope| {
            for (_, _, folder) in &self.images {
                scope.spawn(|| quiet("xfs_io", &["-x", "-c", "shutdown", word(folder)]));
            }
        });
    }

    fn unmount(&self) {
        for (_, _, folder) in &self.images {
            quiet("umount", &[word(folder)]);
        }
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        for (_, _, folder) in &self.images {
            let _gone = own::works("umount", &["-l", word(folder)]);
        }
    }
}

/// Whether this machine lets us have disks of our own.
fn may_mount() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let (image, at) = (folder.path().join("disk"), folder.path().join("at"));
    File::create(&image).unwrap().set_len(DISK_BYTES).unwrap();
    fs::create_dir(&at).unwrap();
    let mounted = own::works("mkfs.xfs", &["-q", word(&image)])
        && own::works("mount", &["-o", "loop", word(&image), word(&at)]);
    mounted && own::works("umount", &[word(&at)])
}

pub(crate) fn run(run: &mut Run) {
    if let Some(why) = own::lacks(&TOOLS) {
        return run.skip(&why);
    }
    if !may_mount() {
        return run.skip("file systems in files cannot be mounted here");
    }
    let mut cluster = Cluster::create(1);
    let disks = Disks::make(&cluster);
    disks.fill();
    for name in AGENCIES {
        cluster.start_node(name);
    }
    let mut net = Net::over(cluster);
    let (mut all, mut slowest) = (Vec::new(), Duration::ZERO);
    for number in 0..run.by_depth(2, 20, 500) {
        let traffic = net.traffic(&AGENCIES, CLIENTS);
        let pause = 200 + run.random.below(WITHIN_MS);
        thread::sleep(Duration::from_millis(pause));
        disks.cut();
        let acks = traffic.acks();
        for name in AGENCIES {
            net.cluster.kill(name);
        }
        drop(traffic);
        run.fault("power cut");
        disks.unmount();
        disks.mount();
        for name in AGENCIES {
            net.cluster.start_node(name);
        }
        slowest = slowest.max(net.block_within(BOUND, &AGENCIES));
        net.assert_kept(&acks, &AGENCIES);
        net.assert_one_history(&AGENCIES);
        all.extend(acks);
        run.cycles += 1;
        if number % 10 == 9 {
            net.assert_audits(&AGENCIES);
        }
    }
    // Nothing is lost later either.
    net.assert_kept(&all, &AGENCIES);
    net.assert_audits(&AGENCIES);
    for name in AGENCIES {
        net.cluster.kill(name);
    }
    disks.unmount();
    eprintln!(
        "  {} receipts read before the cuts, all kept; slowest return {slowest:?}, bound {BOUND:?}",
        all.len()
    );
}
