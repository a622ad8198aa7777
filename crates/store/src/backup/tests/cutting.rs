//! Chunks: their bytes, and where they end.

use super::super::chunk::{self, ChunkName, decode, encode, hex, parse_hex, push_row};
use super::super::cutter::{CHUNK_BYTES, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, Cut, Cutter};
use super::*;

fn cut(rows: impl Iterator<Item = (u32, Vec<u8>)>) -> Vec<Cut> {
    let mut cutter = Cutter::default();
    let mut cuts = Vec::new();
    for (key, value) in rows {
        cuts.extend(cutter.push(&key.to_be_bytes(), &value).expect("rows are small"));
    }
    cuts.extend(cutter.finish());
    cuts
}

#[test]
fn chunks_are_about_as_long_as_they_should_be() {
    for value_bytes in [0, 100, 1_000, 20_000] {
        let rows = (40 * CHUNK_BYTES / (value_bytes + 10)) as u32;
        let cuts = cut((0..rows).map(|key| (key, vec![1; value_bytes])));
        let (_, whole) = cuts.split_last().expect("there are chunks");
        for cut in whole {
            let length = cut.plain.len();
            assert!((CHUNK_BYTES_MIN..=CHUNK_BYTES_MAX).contains(&length), "{length}");
        }
        let mean = whole.iter().map(|cut| cut.plain.len()).sum::<usize>() / whole.len();
        assert!((CHUNK_BYTES / 2..CHUNK_BYTES * 3).contains(&mean), "{value_bytes}: {mean}");
        assert_eq!(cuts.iter().map(|cut| cut.rows).sum::<u64>(), u64::from(rows));
    }
}

#[test]
fn a_row_in_the_middle_changes_few_chunks() {
    let row = |key: u32| (key * 2, text(key));
    let before: BTreeSet<_> = cut((0..40_000).map(row)).into_iter().map(|cut| cut.plain).collect();
    assert!(20 < before.len(), "{} chunks", before.len());
    for at in [0, 5_000, 20_001, 39_999] {
        let others = || (0..40_000).map(row);
        let with =
            others().chain([(at * 2 + 1, text(7))]).collect::<std::collections::BTreeMap<_, _>>();
        let without = others().filter(|(key, _)| *key != at * 2);
        for changed in [cut(with.into_iter()), cut(without)] {
            let new = changed.iter().filter(|cut| !before.contains(&cut.plain)).count();
            assert!(new <= 3, "a row at {at} has made {new} new chunks");
        }
    }
}

#[test]
fn a_large_row_is_a_chunk_of_its_own() {
    let large = vec![9; CHUNK_BYTES_MAX * 2];
    let cuts = cut([(1, vec![1]), (2, large), (3, vec![3])].into_iter());
    assert_eq!(cuts.iter().map(|cut| cut.rows).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn a_file_gives_the_rows_that_were_put_into_it() {
    let rows: [(&[u8], &[u8]); 4] = [(b"", b""), (b"a", b"1"), (b"a\0", &[7; 5_000]), (b"b", b"")];
    let mut plain = Vec::new();
    rows.iter().for_each(|(key, value)| push_row(&mut plain, key, value).expect("it is small"));
    assert_eq!(plain.len(), rows.iter().map(|(k, v)| chunk::row_bytes(k, v)).sum::<usize>());
    let file = encode(&plain);
    assert!(file.len() < 200, "what repeats is packed");
    let expected: Vec<Entry> = rows.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect();
    assert_eq!(decode(&file), Ok(expected));
    let noise: Vec<u8> =
        (0..500_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut plain = Vec::new();
    push_row(&mut plain, b"a", &noise).expect("it is small");
    assert_eq!(encode(&plain).len(), plain.len() + 10, "what does not pack is left as it is");
    assert_eq!(decode(&encode(&plain)), Ok(vec![(b"a".to_vec(), noise)]));
}

/// The names are the only thing that says whether a file is whole; but a chunk that another program
/// has made, and named, is refused in words as well.
#[test]
fn what_is_no_chunk_is_refused_in_words() {
    let mut plain = Vec::new();
    push_row(&mut plain, b"a", b"1").expect("it is small");
    let file = encode(&plain);
    let spoil = |at: usize, byte: u8| {
        let mut bytes = file.clone();
        bytes[at] = byte;
        bytes
    };
    let out_of_order = {
        let mut twice = plain.clone();
        twice.extend(&plain);
        encode(&twice)
    };
    for (bytes, words) in [
        (file[..9].to_vec(), "too short"),
        (spoil(0, b'X'), "no chunk"),
        (spoil(4, 2), "its format is 2"),
        (spoil(5, 7), "its form is 7"),
        (spoil(5, 1), "does not unpack"),
        (spoil(6, 0xff), "says that it holds"),
        (spoil(9, 1), "it holds 8 bytes and says 1"),
        (spoil(11, 200), "a row is cut short"),
        (out_of_order, "not in the order"),
    ] {
        let refused = decode(&bytes).expect_err(words);
        assert!(refused.contains(words), "{refused:?} for {words:?}");
    }
}

#[test]
fn digits_are_read_as_they_are_written() {
    assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    assert_eq!(parse_hex("00abff"), Some(vec![0, 0xab, 0xff]));
    for text in ["0", "0A", "0g", "é"] {
        assert_eq!(parse_hex(text), None, "{text}");
    }
    assert_eq!(ChunkName::parse("00"), None);
}

#[test]
fn a_time_has_one_form() {
    assert!(TakenAt::new("2026-11-26T10:06:36.123Z").is_some());
    for text in ["2026-11-26T10:06:36Z", "2026-11-26 10:06:36.123Z", "", "2026-11-26T10:06:36.1é3"]
    {
        assert!(TakenAt::new(text).is_none(), "{text}");
    }
}
