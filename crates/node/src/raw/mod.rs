//! Ears: subscriptions to topics whose types are known only when the process runs, whose messages are
//! taken as bytes, with what the middleware knows of each.
//!
//! The one rule: nothing is lost between the middleware and whoever asks: there is no queue in between,
//! [`Ears::take`] reads straight from the middleware's history.
//!
//! r2r offers raw subscriptions only for types that it was built for, keeps ten messages of each and
//! throws away who sent them; so this goes to rcl itself, with a context of its own.

mod arguments;
mod graph;
mod support;

pub(crate) use arguments::set_log_level;
pub use arguments::{Arguments, ArgumentsError};
pub use graph::{Offer, Seen};

use r2r_rcl as rcl;
use recording::qos::Asked;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, NulError};
use std::ptr;
use support::TypeSupports;
use thiserror::Error;

/// Why the ears hear something not.
#[derive(Debug, Error)]
pub enum RawError {
    /// The middleware refused.
    #[error("{what}: {reason}")]
    Middleware {
        /// What was asked of it.
        what: String,
        /// What it said.
        reason: String,
    },
    /// The type is not installed where this process runs.
    #[error("type {kind} is not installed here: {reason}")]
    Type {
        /// The type.
        kind: String,
        /// What is missing.
        reason: String,
    },
    /// A name with a zero byte in it.
    #[error("a name holds a zero byte")]
    Name(#[from] NulError),
}

/// Who sent a message: the middleware's number of the publisher.
pub type Gid = [u8; 16];

/// A message and what the middleware knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// CDR with its header.
    pub data: &'a [u8],
    /// When it was sent, ns of system time; 0 when unknown.
    pub sent: i64,
    /// When it came in at the middleware, ns of system time; 0 when unknown.
    pub received: i64,
    /// Its number at its publisher, from 1 without gaps; 0 when unknown.
    pub sequence: u64,
    /// Its publisher.
    pub publisher: Gid,
}

/// Names a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EarId(u64);

/// A node that only listens. It stays on the thread that made it.
pub struct Ears {
    context: Box<rcl::rcl_context_t>,
    node: Box<rcl::rcl_node_t>,
    supports: TypeSupports,
    subscriptions: BTreeMap<EarId, Box<rcl::rcl_subscription_t>>,
    buffer: rcl::rcl_serialized_message_t,
    next: u64,
}

impl Ears {
    /// Creates the node.
    ///
    /// # Errors
    /// [`RawError`] from the middleware.
    pub fn create(name: &str, namespace: &str) -> Result<Self, RawError> {
        let mut context = context()?;
        let node = node(&mut context, name, namespace)?;
        // SAFETY: plain constructor of a value.
        let mut buffer = unsafe { rcl::rcutils_get_zero_initialized_uint8_array() };
        // SAFETY: `buffer` is zero-initialised, the allocator is copied.
        let made = unsafe {
            rcl::rcutils_uint8_array_init(&raw mut buffer, 0, &rcl::rcutils_get_default_allocator())
        };
        check(made, || "a buffer for messages".to_owned())?;
        let (supports, subscriptions) = (TypeSupports::default(), BTreeMap::new());
        Ok(Self { context, node, supports, subscriptions, buffer, next: 0 })
    }

    /// Listens to a topic.
    ///
    /// # Errors
    /// [`RawError::Type`] when its type is not installed, or from the middleware.
    pub fn listen(&mut self, topic: &str, kind: &str, asked: Asked) -> Result<EarId, RawError> {
        let support = self.supports.of(kind)?;
        let name = CString::new(topic)?;
        // SAFETY: plain constructors of values.
        let (zero, mut options) = unsafe {
            (
                rcl::rcl_get_zero_initialized_subscription(),
                rcl::rcl_subscription_get_default_options(),
            )
        };
        options.qos = profile(asked);
        let mut subscription = Box::new(zero);
        // SAFETY: all pointers are valid during the call; the type support lives as long as `self`.
        let made = unsafe {
            rcl::rcl_subscription_init(
                &raw mut *subscription,
                &raw const *self.node,
                support,
                name.as_ptr(),
                &raw const options,
            )
        };
        check(made, || format!("subscription to {topic} ({kind})"))?;
        self.next += 1;
        let id = EarId(self.next);
        self.subscriptions.insert(id, subscription);
        Ok(id)
    }

    /// Listens no more.
    pub fn close(&mut self, id: EarId) {
        if let Some(mut subscription) = self.subscriptions.remove(&id) {
            // SAFETY: made by this node and not used afterwards.
            let ended =
                unsafe { rcl::rcl_subscription_fini(&raw mut *subscription, &raw mut *self.node) };
            forget_error(ended);
        }
    }

    /// The next message of a subscription; `None` when none waits.
    pub fn take(&mut self, id: EarId) -> Option<Taken<'_>> {
        let subscription = self.subscriptions.get(&id)?;
        let mut info = rcl::rmw_message_info_t::default();
        // SAFETY: all pointers are valid during the call; rcl makes the buffer larger when it must.
        let taken = unsafe {
            rcl::rcl_take_serialized_message(
                &raw const **subscription,
                &raw mut self.buffer,
                &raw mut info,
                ptr::null_mut(),
            )
        };
        if taken != rcl::RCL_RET_OK as i32 {
            forget_error(taken);
            return None;
        }
        Some(Taken {
            data: bytes(&self.buffer),
            sent: info.source_timestamp,
            received: info.received_timestamp,
            // The middleware says all ones when it does not count.
            sequence: if info.publication_sequence_number == u64::MAX {
                0
            } else {
                info.publication_sequence_number
            },
            publisher: info.publisher_gid.data,
        })
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        let ids: Vec<EarId> = self.subscriptions.keys().copied().collect();
        ids.into_iter().for_each(|id| self.close(id));
        // SAFETY: everything below belongs to this struct and is not used afterwards.
        unsafe {
            forget_error(rcl::rcutils_uint8_array_fini(&raw mut self.buffer));
            forget_error(rcl::rcl_node_fini(&raw mut *self.node));
            forget_error(rcl::rcl_shutdown(&raw mut *self.context));
            forget_error(rcl::rcl_context_fini(&raw mut *self.context));
        }
    }
}

fn bytes(buffer: &rcl::rcl_serialized_message_t) -> &[u8] {
    if buffer.buffer.is_null() {
        return &[];
    }
    // SAFETY: rcl says how many bytes of the buffer are the message.
    unsafe { std::slice::from_raw_parts(buffer.buffer, buffer.buffer_length) }
}

/// A context of its own, without arguments: a remapping of the process's node name must not rename this one.
fn context() -> Result<Box<rcl::rcl_context_t>, RawError> {
    // SAFETY: constructors of values; `options` and `context` are valid and initialised in the order
    // that rcl asks for, and the options are finished after use.
    unsafe {
        let mut context = Box::new(rcl::rcl_get_zero_initialized_context());
        let mut options = rcl::rcl_get_zero_initialized_init_options();
        let made =
            rcl::rcl_init_options_init(&raw mut options, rcl::rcutils_get_default_allocator());
        check(made, || "options of a context".to_owned())?;
        let made = rcl::rcl_init(0, ptr::null(), &raw const options, &raw mut *context);
        forget_error(rcl::rcl_init_options_fini(&raw mut options));
        check(made, || "a context".to_owned())?;
        Ok(context)
    }
}

fn node(
    context: &mut rcl::rcl_context_t,
    name: &str,
    namespace: &str,
) -> Result<Box<rcl::rcl_node_t>, RawError> {
    let (c_name, c_namespace) = (CString::new(name)?, CString::new(namespace)?);
    // SAFETY: all pointers are valid during the call; the node is boxed, so that it does not move.
    let (made, node) = unsafe {
        let mut node = Box::new(rcl::rcl_get_zero_initialized_node());
        let mut options = rcl::rcl_node_get_default_options();
        options.enable_rosout = false;
        let made = rcl::rcl_node_init(
            &raw mut *node,
            c_name.as_ptr(),
            c_namespace.as_ptr(),
            &raw mut *context,
            &raw const options,
        );
        forget_error(rcl::rcl_node_options_fini(&raw mut options));
        (made, node)
    };
    check(made, || format!("node {name}"))?;
    Ok(node)
}

fn profile(asked: Asked) -> rcl::rmw_qos_profile_t {
    use rcl::rmw_qos_durability_policy_e as Durability;
    use rcl::rmw_qos_history_policy_e as History;
    use rcl::rmw_qos_reliability_policy_e as Reliability;
    // SAFETY: plain constructor of a value.
    let mut profile = unsafe { rcl::rcl_subscription_get_default_options() }.qos;
    profile.history = History::RMW_QOS_POLICY_HISTORY_KEEP_LAST;
    profile.depth = asked.depth.max(1);
    profile.reliability = if asked.reliable {
        Reliability::RMW_QOS_POLICY_RELIABILITY_RELIABLE
    } else {
        Reliability::RMW_QOS_POLICY_RELIABILITY_BEST_EFFORT
    };
    profile.durability = if asked.transient_local {
        Durability::RMW_QOS_POLICY_DURABILITY_TRANSIENT_LOCAL
    } else {
        Durability::RMW_QOS_POLICY_DURABILITY_VOLATILE
    };
    profile
}

/// Turns a return code into an error with what rcl says of it.
fn check(code: i32, what: impl FnOnce() -> String) -> Result<(), RawError> {
    if code == rcl::RCL_RET_OK as i32 {
        return Ok(());
    }
    // SAFETY: returns a copy of the thread's text.
    let text = unsafe { rcl::rcutils_get_error_string() };
    // SAFETY: the text ends with zero within its array.
    let reason = unsafe { CStr::from_ptr(text.str_.as_ptr()) }.to_string_lossy().into_owned();
    forget_error(code);
    Err(RawError::Middleware { what: what(), reason })
}

/// rcl complains when an error is not fetched before the next one.
fn forget_error(code: i32) {
    if code != rcl::RCL_RET_OK as i32 {
        // SAFETY: only clears a text of this thread.
        unsafe { rcl::rcutils_reset_error() };
    }
}
