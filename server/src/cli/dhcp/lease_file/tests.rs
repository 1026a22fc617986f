use std::{fs, net::Ipv4Addr};

use firstlight_dhcp::{
    HardwareAddress,
    server::{LeaseState, Timestamp},
};
use tempfile::{TempDir, tempdir};

use super::*;

fn lease(last: u8, since: u64) -> Lease {
    Lease {
        address: Ipv4Addr::new(10, 0, 0, last),
        hardware_address: HardwareAddress::ethernet([2, 0, 0, 0, 0, last]),
        client_id: None,
        hostname: None,
        state: LeaseState::Bound,
        since: Timestamp(since),
        expires: Timestamp(since + 60),
    }
}

fn lines(leases: &[Lease]) -> Vec<u8> {
    let mut lines = Vec::new();
    leases.iter().for_each(|lease| record::push(lease, &mut lines));
    lines
}

/// A folder, the path of a file in it, and what the file holds.
fn written(content: &[u8]) -> (TempDir, PathBuf) {
    let home = tempdir().unwrap();
    let path = home.path().join("leases");
    fs::write(&path, content).unwrap();
    (home, path)
}

#[track_caller]
fn check_error(content: &[u8], expect: &str) {
    let (_home, path) = written(content);
    let said = LeaseFile::open(&path).unwrap_err().to_string();
    assert_eq!(said.replace(&path.display().to_string(), "FILE"), expect);
    assert_eq!(fs::read(&path).unwrap(), content, "it must not be touched");
}

#[test]
fn the_last_line_of_an_address_counts() {
    let home = tempdir().unwrap();
    let path = home.path().join("leases");
    let (mut file, leases, torn) = LeaseFile::open(&path).unwrap();
    assert_eq!((leases, torn), (vec![], None));
    file.append(&lines(&[lease(9, 1), lease(3, 1)])).unwrap();
    file.append(&lines(&[lease(9, 2)])).unwrap();
    drop(file);
    let (_, leases, torn) = LeaseFile::open(&path).unwrap();
    assert_eq!((leases, torn), (vec![lease(3, 1), lease(9, 2)], None));
}

/// A write may stop at any byte: what was whole before it comes back, and what is appended afterwards is read.
#[test]
fn a_file_cut_at_any_byte_gives_a_prefix() {
    let whole: Vec<Lease> = (1..6).map(|last| lease(last, 1)).collect();
    let content = [HEADER, &lines(&whole)].concat();
    for len in 0..=content.len() {
        let (_home, path) = written(&content[..len]);
        let (mut file, leases, torn) = LeaseFile::open(&path).unwrap();
        let count = content[..len].split(|byte| *byte == b'\n').count().saturating_sub(2);
        assert_eq!(leases, whole[..count], "{len} bytes");
        let end = content[..len].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        assert_eq!(torn, (end < len).then_some(Torn { offset: end as u64, len: (len - end) as u64 }));
        file.append(&lines(&[lease(200, 7)])).unwrap();
        drop(file);
        let (_, leases, torn) = LeaseFile::open(&path).unwrap();
        assert_eq!(leases, [&whole[..count], &[lease(200, 7)]].concat(), "{len} bytes");
        assert_eq!(torn, None);
    }
}

#[test]
fn damage_is_named_unless_nothing_whole_follows() {
    let content = [HEADER, &lines(&[lease(1, 1), lease(2, 1), lease(3, 1)])].concat();
    let line = lines(&[lease(1, 1)]).len();
    let mut damaged = content.clone();
    let at = HEADER.len() + line;
    damaged[at + 3] ^= 1;
    check_error(
        &damaged,
        &format!(
            "the lease file FILE is damaged in line 3, at byte {at}: restore the file, or delete this line to go on \
             without what it says"
        ),
    );
    // Some file systems leave zeroes where a write stopped.
    let (_home, path) = written(&[&content[..at + 9], &[0; 700]].concat());
    let (_, leases, torn) = LeaseFile::open(&path).unwrap();
    assert_eq!((leases, torn), (vec![lease(1, 1)], Some(Torn { offset: at as u64, len: 709 })));
}

#[test]
fn other_files_are_left_alone() {
    let foreign = "FILE is not a lease file: its first line is another one than `# firstlight leases 1`";
    check_error(b"root:x:0:0:root:/root:/bin/bash\n", foreign);
    check_error(b"root", foreign);
    check_error(&lines(&[lease(1, 1)]), foreign);
    let home = tempdir().unwrap();
    let error = LeaseFile::open(home.path()).unwrap_err().to_string();
    assert_eq!(error, format!("cannot use the lease file {}: Is a directory (os error 21)", home.path().display()));
}

#[test]
fn a_second_process_is_kept_out() {
    let (_home, path) = written(&[]);
    let first = LeaseFile::open(&path).unwrap();
    assert!(matches!(LeaseFile::open(&path), Err(OpenError::Locked { .. })));
    drop(first);
    LeaseFile::open(&path).unwrap();
}

/// Renewals make a file grow; it is written anew, under its name and its lock, and what was appended meanwhile stays.
#[test]
fn a_grown_file_becomes_small_again() {
    let (_home, path) = written(&[]);
    let (mut file, ..) = LeaseFile::open(&path).unwrap();
    let mut since = 0;
    while file.compaction.is_none() {
        since += 1;
        let batch: Vec<Lease> = (0..=255).map(|last| lease(last, since)).collect();
        file.append(&lines(&batch)).unwrap();
        file.compact().unwrap();
    }
    let grown = file.len;
    assert!(grown >= SMALL, "{grown}");
    file.append(&lines(&[lease(7, since + 1)])).unwrap();
    while file.compaction.is_some() {
        std::thread::yield_now();
        file.compact().unwrap();
    }
    assert!(file.len < grown / 10, "{} of {grown}", file.len);
    assert_eq!(file.len, fs::metadata(&path).unwrap().len());
    assert!(matches!(LeaseFile::open(&path), Err(OpenError::Locked { .. })));
    file.append(&lines(&[lease(8, since + 1)])).unwrap();
    drop(file);

    let (_, leases, torn) = LeaseFile::open(&path).unwrap();
    let expect: Vec<Lease> = (0..=255).map(|last| lease(last, since + u64::from(last == 7 || last == 8))).collect();
    assert_eq!((leases, torn), (expect, None));
    assert!(!temporary(&path).exists());
}
