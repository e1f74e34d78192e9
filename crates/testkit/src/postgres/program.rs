//! Where PostgreSQL's programs are, and as whom they run.

use super::has_programs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// PostgreSQL refuses to run as root. It then runs as the first of these that there is.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// The folder of programs: the one named by `NUNCIO_POSTGRES_BIN`, else the newest that Debian installed, else the
/// workspace's own.
#[expect(clippy::disallowed_methods, reason = "the one setting of tests that names the programs, read here alone")]
pub(super) fn folder() -> PathBuf {
    if let Ok(named) = std::env::var("NUNCIO_POSTGRES_BIN") {
        return PathBuf::from(named);
    }
    let own = crate::workspace_root().join(".tools/postgres/bin");
    let found = installed().into_iter().chain([own]).find(|folder| has_programs(folder));
    found.expect("PostgreSQL not found: run `make tools`")
}

/// `/usr/lib/postgresql/<version>/bin`, newest first.
fn installed() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<_> = versions.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    versions.into_iter().map(|version| version.join("bin")).collect()
}

/// The user and group that a server with files in `folder` runs as: whoever has them, unless that is root.
pub(super) fn owner(folder: &Path) -> (u32, u32) {
    let made = std::fs::metadata(folder).expect("the folder was made");
    if made.uid() != 0 {
        return (made.uid(), made.gid());
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("root runs where there are users");
    let found = USERS.iter().find_map(|name| user(&users, name));
    found.expect("PostgreSQL does not run as root: make a user called postgres")
}

/// The ids of a user in the text of `/etc/passwd`.
fn user(users: &str, name: &str) -> Option<(u32, u32)> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut words = line.split(':').skip(2);
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_name_alone() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:PG:/var:/bin/sh\n";
        assert_eq!(user(users, "postgres"), Some((101, 104)));
        assert_eq!(user(users, "nobody"), None);
    }
}
