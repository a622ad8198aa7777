//! Lists of networks, as operators write them.

use ipnet::IpNet;
use std::net::IpAddr;

/// Some networks. By default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// The most networks of a list.
    pub const MAX: usize = 256;

    /// Reads addresses and networks such as `10.0.0.0/8`, with commas in between. Gives back the
    /// item that is none.
    pub fn parse(text: &str) -> Result<Networks, &str> {
        let mut networks = Vec::new();
        for item in text.split(',').map(str::trim) {
            let network = item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
            networks.push(network.map_err(|_| item)?);
            if Networks::MAX < networks.len() {
                return Err(item);
            }
        }
        Ok(Networks(networks))
    }

    /// Whether the address is in one of them. An IPv4 address is one however it is written.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}
