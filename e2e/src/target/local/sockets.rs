//! What the stack's processes listen at, as the kernel knows it.
//!
//! Invariant: it goes by the processes that the stack has noted and what they started, not by the ports that they should have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Local;

/// The state of a socket that waits for connections, in /proc/net/tcp.
const LISTENS: &str = "0A";

impl Local {
    pub(in crate::target) fn listening(&self) -> Result<Vec<(String, SocketAddr)>> {
        let (sockets, children) = (listeners()?, children()?);
        let mut found = BTreeSet::new();
        for note in fs::read_dir(self.state.join("run"))? {
            let note = note?.path();
            if note.extension().is_none_or(|kind| kind != "pid") {
                continue;
            }
            let name = note.file_stem().unwrap_or_default().to_string_lossy();
            let Ok(pid) = fs::read_to_string(&note)?.trim().parse::<u32>() else {
                continue;
            };
            let mut family = vec![pid];
            while let Some(pid) = family.pop() {
                family.extend(children.get(&pid).into_iter().flatten());
                let held = sockets_of(pid).into_iter();
                let addresses = held.filter_map(|socket| sockets.get(&socket));
                found.extend(addresses.map(|address| (name.to_string(), *address)));
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// The addresses that something listens at, by the number of the socket.
fn listeners() -> Result<BTreeMap<String, SocketAddr>> {
    let mut found = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for row in fs::read_to_string(table)?.lines().skip(1) {
            let words: Vec<_> = row.split_whitespace().collect();
            if words.get(3) == Some(&LISTENS) {
                let socket = (*words.get(9).context(table)?).to_owned();
                found.insert(socket, address(words[1]).with_context(|| row.to_owned())?);
            }
        }
    }
    Ok(found)
}

/// `0100007F:1F90`: the words of the address are in the machine's own order of bytes, the port is not.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for start in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(start..start + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let address: IpAddr = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
    };
    Some(SocketAddr::new(
        address,
        u16::from_str_radix(port, 16).ok()?,
    ))
}

/// Who started whom.
fn children() -> Result<BTreeMap<u32, Vec<u32>>> {
    let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for process in fs::read_dir("/proc")? {
        let process = process?.path();
        let Some(pid) = process
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok())
        else {
            continue;
        };
        if let Some(parent) = parent(&process) {
            children.entry(parent).or_default().push(pid);
        }
    }
    Ok(children)
}

fn parent(process: &Path) -> Option<u32> {
    let status = fs::read_to_string(process.join("stat")).ok()?;
    status.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The numbers of a process's sockets; none, if it has just ended.
fn sockets_of(pid: u32) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    let links = files.into_iter().flatten().flatten();
    links
        .filter_map(|file| {
            let link = fs::read_link(file.path()).ok()?;
            let socket = link.to_str()?.strip_prefix("socket:[")?;
            Some(socket.trim_end_matches(']').to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_addresses_are_read() {
        for (text, expected) in [
            ("0100007F:1F90", "127.0.0.1:8080"),
            ("00000000:0050", "0.0.0.0:80"),
            ("0000000000000000FFFF00000100007F:1F90", "127.0.0.1:8080"),
            ("00000000000000000000000001000000:0016", "[::1]:22"),
            ("00000000000000000000000000000000:0016", "[::]:22"),
        ] {
            assert_eq!(address(text), expected.parse().ok(), "{text}");
        }
        assert_eq!(address("0100007F"), None);
    }
}
