//! A node's settings as they are first written, by whoever makes its folder: only what has no default.
//!
//! Not here: how a node reads them, and what an operator may add (`docs/operators.md`).

/// File name of the settings in a node's folder.
pub const SETTINGS_FILE: &str = "node.toml";
/// File name of the genesis in a node's folder.
pub const GENESIS_FILE: &str = "genesis";
/// File name of all agencies' acceptances in a node's folder.
pub const ACCEPTANCES_FILE: &str = "acceptances";
/// Folder of the keys in a node's folder.
pub const KEYS_FOLDER: &str = "keys";
/// Folder of what a node writes, in its own.
pub const DATA_FOLDER: &str = "data";

/// Settings of a new node. Names and addresses hold no character that would have to be quoted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSettings {
    /// Agency whose validator it is; none for an observer.
    pub agency: Option<String>,
    /// Where it listens for peers.
    pub p2p: String,
    /// Where it listens for clients.
    pub http: String,
    /// Where the other agencies' nodes are, by name.
    pub peers: Vec<(String, String)>,
    /// Keys of observers that may connect, by name.
    pub observers: Vec<(String, String)>,
}

impl NodeSettings {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        let setting = |(name, value): (&str, &str)| format!("{name} = \"{value}\"\n");
        if let Some(agency) = &self.agency {
            out += &setting(("agency", agency));
        }
        out += &setting(("p2p", &self.p2p));
        out += &setting(("http", &self.http));
        out += "\n[peers]\n";
        for (name, address) in &self.peers {
            out += &setting((name, address));
        }
        if !self.observers.is_empty() {
            out += "\n[observers]\n";
            for (name, key) in &self.observers {
                out += &setting((name, key));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_default_is_written() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut settings = NodeSettings {
            agency: Some("iiv".to_owned()),
            p2p: "[::]:7480".to_owned(),
            http: "127.0.0.1:7481".to_owned(),
            peers: vec![pair("adliya", "adliya.example:7480")],
            observers: Vec::new(),
        };
        let text = "agency = \"iiv\"\np2p = \"[::]:7480\"\nhttp = \"127.0.0.1:7481\"\n\n[peers]\nadliya = \"adliya.example:7480\"\n";
        assert_eq!(settings.write(), text);
        settings.observers.push(pair("observer-1", "AAAA"));
        let more = "\n[observers]\nobserver-1 = \"AAAA\"\n";
        assert_eq!(settings.write(), format!("{text}{more}"));
        settings.agency = None;
        assert!(settings.write().starts_with("p2p = "));
    }
}
