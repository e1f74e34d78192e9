//! Files that the platform keeps.

use crate::sandbox::{Sandbox, at, on_both, page};
use domain::id::AttachmentId;
use sql::attachments::{Kept, Key, forget, get, is_of_another, put};

on_both!(
    a_file_is_known_by_page_kind_and_address_until_it_expires,
    a_newer_upload_takes_the_place_of_an_older_and_old_files_are_forgotten,
    a_file_that_is_gone_is_forgotten,
    a_request_names_one_file,
);

fn kept(id: &str, ms: i64) -> Kept {
    Kept { id: AttachmentId::parse(id).unwrap(), uploaded_at: at(ms) }
}

async fn a_file_is_known_by_page_kind_and_address_until_it_expires(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (us, key) = (&sandbox.database, Key::of("image", "https://a.example/1"));
    put(us, &page(1), key, (&kept("7", 100), None), at(0)).await.unwrap();
    assert_eq!(get(us, &page(1), key, at(99)).await.unwrap(), Some(kept("7", 100)));
    assert_eq!(get(us, &page(1), key, at(100)).await.unwrap(), None);
    assert_eq!(get(us, &page(2), key, at(0)).await.unwrap(), None);
    for other in [Key::of("file", "https://a.example/1"), Key::of("image", "https://a.example/2")] {
        assert_eq!(get(us, &page(1), other, at(0)).await.unwrap(), None);
    }
}

async fn a_newer_upload_takes_the_place_of_an_older_and_old_files_are_forgotten(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (us, one, two) = (&sandbox.database, Key::of("image", "u:1"), Key::of("image", "u:2"));
    put(us, &page(1), one, (&kept("7", 100), None), at(0)).await.unwrap();
    put(us, &page(1), one, (&kept("8", 200), None), at(0)).await.unwrap();
    assert_eq!(get(us, &page(1), one, at(0)).await.unwrap(), Some(kept("8", 200)));
    put(us, &page(1), two, (&kept("9", 300), None), at(200)).await.unwrap();
    assert_eq!(get(us, &page(1), one, at(0)).await.unwrap(), None);
}

async fn a_file_that_is_gone_is_forgotten(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (us, key) = (&sandbox.database, Key::of("video", "u:1"));
    put(us, &page(1), key, (&kept("7", 100), None), at(0)).await.unwrap();
    assert!(!forget(us, &page(2), &kept("7", 0).id).await.unwrap());
    assert!(forget(us, &page(1), &kept("7", 0).id).await.unwrap());
    assert_eq!(get(us, &page(1), key, at(0)).await.unwrap(), None);
}

async fn a_request_names_one_file(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    let (us, one, two) = (&sandbox.database, Key::of("image", "u:1"), Key::of("image", "u:2"));
    put(us, &page(1), one, (&kept("7", 100), Some("r-1")), at(0)).await.unwrap();
    assert!(!is_of_another(us, &page(1), "r-1", one).await.unwrap());
    assert!(is_of_another(us, &page(1), "r-1", two).await.unwrap());
    assert!(!is_of_another(us, &page(2), "r-1", two).await.unwrap());
}
