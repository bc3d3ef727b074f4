//! demo client
fn main() {}
