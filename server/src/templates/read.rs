//! Reading a file that somebody may be writing.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use firstlight_preseed::Template;

use super::TemplatesError;

/// Templates are short texts; what is longer is a mistake.
const LIMIT: u64 = 1 << 20;

/// How long a file must have been left alone. Editors write a small file within a fraction of this.
const SETTLED: Duration = Duration::from_millis(200);

/// How often a file that is being written is looked at again.
const ATTEMPTS: u32 = 25;

/// The template in a file. It blocks while somebody writes the file.
pub(super) fn template(path: &Path) -> Result<Template, TemplatesError> {
    let text = whole(path).map_err(|error| TemplatesError::File { path: path.to_owned(), error })?;
    Ok(Template::parse(&path.display().to_string(), &text)?)
}

/// All of a file, as it was when nobody wrote it.
fn whole(path: &Path) -> io::Result<String> {
    for _ in 0..ATTEMPTS {
        let before = settled(path)?;
        let mut bytes = Vec::new();
        File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LIMIT {
            return Err(io::Error::other("it is larger than a mebibyte"));
        }
        let after = path.metadata()?;
        if before.is_some_and(|before| identity(&before) == identity(&after)) {
            return String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"));
        }
        std::thread::sleep(SETTLED);
    }
    Err(io::Error::other("it is being written all the time"))
}

/// The file's metadata, unless it was written a moment ago.
fn settled(path: &Path) -> io::Result<Option<Metadata>> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        // Opening a pipe would wait for whoever writes it.
        return Err(io::Error::other("it is not a file"));
    }
    // A time in the future says nothing about the present.
    let is_fresh = metadata.modified()?.elapsed().is_ok_and(|age| age < SETTLED);
    Ok((!is_fresh).then_some(metadata))
}

fn identity(metadata: &Metadata) -> [i64; 5] {
    let [device, inode, length] = [metadata.dev(), metadata.ino(), metadata.len()].map(u64::cast_signed);
    [device, inode, length, metadata.mtime(), metadata.mtime_nsec()]
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_in_the_making_is_waited_for() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"first").unwrap();
        let path = file.path().to_owned();
        let writer = std::thread::spawn(move || {
            for _ in 0..4 {
                std::thread::sleep(SETTLED / 4);
                file.write_all(b" and more").unwrap();
            }
            file
        });
        assert_eq!(whole(&path).unwrap(), "first and more and more and more and more");
        drop(writer.join().unwrap());
        assert_eq!(whole(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(whole(Path::new("/dev/zero")).unwrap_err().to_string(), "it is not a file");
    }
}
