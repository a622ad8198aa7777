//! The rows that count open executions agree with the lists of open executions, at every moment: both
//! are written in the commit that starts or ends one.

use std::collections::BTreeMap;
use store::memory::Memory;
use store::{Direction, ShardId, Store};

/// How many shards executions are spread over. Part of the store's format.
const SHARDS: u16 = 64;

/// The tags that keys begin with. They are the store's format and never change.
mod tag {
    pub const OPEN: u8 = 6;
    pub const OPEN_COUNT: u8 = 14;
}

/// Compares the rows of every shard.
pub fn check(memory: &Memory) -> Result<(), String> {
    for shard in (0..SHARDS).map(ShardId) {
        let mut listed: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for (key, _) in rows(memory, shard, tag::OPEN)? {
            *listed.entry(domain_of(&key)?.to_vec()).or_default() += 1;
        }
        let mut counted = BTreeMap::new();
        for (key, bytes) in rows(memory, shard, tag::OPEN_COUNT)? {
            let number = bytes.get(1..).and_then(|json| serde_json::from_slice::<u64>(json).ok());
            let number =
                number.ok_or_else(|| format!("no number of open executions: {bytes:?}"))?;
            counted.insert(domain_of(&key)?.to_vec(), number);
        }
        if listed != counted {
            let (listed, counted) = (listed.values(), counted.values());
            return Err(format!(
                "shard {} lists {listed:?} open executions and counts {counted:?}",
                shard.0
            ));
        }
    }
    Ok(())
}

fn rows(memory: &Memory, shard: ShardId, tag: u8) -> Result<Vec<store::Entry>, String> {
    let (from, to) = ([tag], [tag + 1]);
    let rows = memory.scan(shard, &from[..]..&to[..], Direction::Ascending, usize::MAX);
    rows.map_err(|error| error.to_string())
}

/// What of a key says whose it is: three texts, each ended by a 0 and a 1.
fn domain_of(key: &[u8]) -> Result<&[u8], String> {
    let ends = key.windows(2).enumerate().filter(|(_, end)| end == &[0, 1]);
    let end = ends.map(|(at, _)| at + 2).nth(2);
    end.map(|end| &key[1..end]).ok_or_else(|| format!("a key without a domain: {key:?}"))
}
