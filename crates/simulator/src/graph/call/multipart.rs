//! Bodies in parts (RFC 7578), as far as uploads need them: names, values, and files of which only the size is kept.

use super::File;

type Pairs = Vec<(String, String)>;

/// Values and files; nothing if the body is not what its content type says.
pub(super) fn read(content_type: &str, body: &[u8]) -> Option<(Pairs, Vec<File>)> {
    let boundary = parameter(content_type, "boundary")?;
    let delimiter = format!("--{boundary}");
    let mut rest = &body[find(body, delimiter.as_bytes())? + delimiter.len()..];
    let closing = format!("\r\n{delimiter}");
    let (mut pairs, mut files) = (Vec::new(), Vec::new());
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let head_end = find(rest, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&rest[..head_end]).into_owned();
        rest = &rest[head_end + 4..];
        let content_end = find(rest, closing.as_bytes())?;
        let content = &rest[..content_end];
        rest = &rest[content_end + closing.len()..];
        let disposition = header(&head, "content-disposition")?;
        let name = parameter(disposition, "name")?;
        match parameter(disposition, "filename") {
            Some(filename) => {
                let mime = header(&head, "content-type").unwrap_or("application/octet-stream").to_ascii_lowercase();
                files.push(File { name, filename, mime, n_bytes: content.len() });
            }
            None => pairs.push((name, String::from_utf8_lossy(content).into_owned())),
        }
    }
    Some((pairs, files))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_files_are_told_apart() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{\"a\":1}\r\n--x\r\ncontent-disposition: form-data; name=\"filedata\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\u{1}\r\n\u{2}\r\n--x--\r\n";
        let (pairs, files) = read("multipart/form-data; boundary=\"x\"", body.as_bytes()).unwrap();
        assert_eq!(pairs, [("message".to_owned(), "{\"a\":1}".to_owned())]);
        let (filename, mime) = ("a.png".to_owned(), "image/png".to_owned());
        assert_eq!(files, [File { name: "filedata".to_owned(), filename, mime, n_bytes: 4 }]);
        for cut in 0..body.len() - 4 {
            assert!(read("multipart/form-data; boundary=x", &body.as_bytes()[..cut]).is_none(), "{cut}");
        }
        assert!(read("multipart/form-data", body.as_bytes()).is_none());
    }
}
