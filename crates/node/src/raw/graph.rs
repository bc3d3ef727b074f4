//! Which topics there are, who publishes them, and what he offers.

use super::{Ears, Gid, RawError, check, forget_error};
use r2r_rcl as rcl;
use recording::qos::Offered;
use std::ffi::{CStr, CString, c_char};
use std::fmt::Write as _;

/// A topic that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Full name.
    pub name: String,
    /// Its types: more than one when people disagree.
    pub kinds: Vec<String>,
}

/// A publisher of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its node, without namespace.
    pub node: String,
    /// The type that it publishes.
    pub kind: String,
    /// Hash of that type (`RIHS01_…`); empty when unknown.
    pub hash: String,
    /// Its quality of service.
    pub offered: Offered,
    /// The middleware's number of it.
    pub publisher: Gid,
}

impl Ears {
    /// All topics, by name.
    ///
    /// # Errors
    /// [`RawError`] from the middleware.
    pub fn topics(&self) -> Result<Vec<Seen>, RawError> {
        // SAFETY: constructors of values; the pointers are valid during the call, and what it gives is
        // read before it is finished.
        unsafe {
            let mut allocator = rcl::rcutils_get_default_allocator();
            let mut found = rcl::rmw_get_zero_initialized_names_and_types();
            let got = rcl::rcl_get_topic_names_and_types(
                &raw const *self.node,
                &raw mut allocator,
                false,
                &raw mut found,
            );
            check(got, || "the list of topics".to_owned())?;
            let names = strings(&found.names);
            let mut seen = Vec::with_capacity(names.len());
            if !found.types.is_null() {
                let kinds = std::slice::from_raw_parts(found.types, names.len());
                let pairs = names.into_iter().zip(kinds);
                seen.extend(pairs.map(|(name, kinds)| Seen { name, kinds: strings(kinds) }));
            }
            forget_error(rcl::rcl_names_and_types_fini(&raw mut found));
            seen.sort_unstable();
            Ok(seen)
        }
    }

    /// The publishers of a topic.
    ///
    /// # Errors
    /// [`RawError`] from the middleware.
    pub fn offers(&self, topic: &str) -> Result<Vec<Offer>, RawError> {
        let name = CString::new(topic)?;
        // SAFETY: as in `topics`.
        unsafe {
            let mut allocator = rcl::rcutils_get_default_allocator();
            let mut found = rcl::rmw_get_zero_initialized_topic_endpoint_info_array();
            let got = rcl::rcl_get_publishers_info_by_topic(
                &raw const *self.node,
                &raw mut allocator,
                name.as_ptr(),
                false,
                &raw mut found,
            );
            check(got, || format!("the publishers of {topic}"))?;
            let offers = if found.info_array.is_null() {
                Vec::new()
            } else {
                let infos = std::slice::from_raw_parts(found.info_array, found.size);
                infos.iter().map(|info| offer(info)).collect()
            };
            forget_error(rcl::rmw_topic_endpoint_info_array_fini(
                &raw mut found,
                &raw mut allocator,
            ));
            Ok(offers)
        }
    }
}

/// # Safety
/// The array must be one that rcl filled and that was not finished.
unsafe fn strings(array: &rcl::rcutils_string_array_t) -> Vec<String> {
    if array.data.is_null() {
        return Vec::new();
    }
    // SAFETY: rcl says how many strings there are.
    let all = unsafe { std::slice::from_raw_parts(array.data, array.size) };
    // SAFETY: each is a text that rcl allocated.
    all.iter().map(|text| unsafe { text_of(*text) }).collect()
}

/// # Safety
/// Null, or a text that ends with zero.
unsafe fn text_of(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's word.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// # Safety
/// The information must be one that rcl filled and that was not finished.
unsafe fn offer(info: &rcl::rmw_topic_endpoint_info_t) -> Offer {
    // SAFETY: the caller's word.
    let (node, kind) = unsafe { (text_of(info.node_name), text_of(info.topic_type)) };
    Offer {
        node,
        kind,
        hash: hash(&info.topic_type_hash),
        offered: offered(&info.qos_profile),
        publisher: info.endpoint_gid,
    }
}

fn hash(of: &rcl::rosidl_type_hash_t) -> String {
    if of.version == 0 {
        return String::new();
    }
    let mut text = format!("RIHS{:02}_", of.version);
    for byte in of.value {
        let _to_memory = write!(text, "{byte:02x}");
    }
    text
}

fn offered(of: &rcl::rmw_qos_profile_t) -> Offered {
    use rcl::rmw_qos_durability_policy_e as Durability;
    use rcl::rmw_qos_history_policy_e as History;
    use rcl::rmw_qos_liveliness_policy_e as Liveliness;
    use rcl::rmw_qos_reliability_policy_e as Reliability;
    Offered {
        reliable: of.reliability == Reliability::RMW_QOS_POLICY_RELIABILITY_RELIABLE,
        transient_local: of.durability == Durability::RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL,
        keep_all: match of.history {
            History::RMW_QOS_POLICY_HISTORY_KEEP_ALL => Some(true),
            History::RMW_QOS_POLICY_HISTORY_KEEP_LAST => Some(false),
            _ => None,
        },
        depth: of.depth,
        deadline: duration(of.deadline),
        lifespan: duration(of.lifespan),
        manual_liveliness: of.liveliness == Liveliness::RMW_QOS_POLICY_LIVELINESS_MANUAL_BY_TOPIC,
        lease: duration(of.liveliness_lease_duration),
    }
}

/// `None` for zero (unspecified) and for what is longer than 290 years (for ever).
fn duration(of: rcl::rmw_time_t) -> Option<u64> {
    let nanoseconds = of.sec.checked_mul(1_000_000_000)?.checked_add(of.nsec)?;
    (nanoseconds != 0 && i64::try_from(nanoseconds).is_ok_and(|all| all != i64::MAX))
        .then_some(nanoseconds)
}
