//! Service clients that are looked at instead of calling back.
//!
//! The rule: nobody waits. A request goes out at once, and its answer, should one come, is found in
//! some later poll; how long to be patient is up to whoever asked.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use r2r::{QosProfile, WrappedServiceTypeSupport};

/// A client of one service.
pub struct Caller<S: WrappedServiceTypeSupport + 'static> {
    client: r2r::Client<S>,
}

/// An answer that has not come yet.
pub struct Pending<R> {
    answer: LocalBoxFuture<'static, r2r::Result<R>>,
}

impl<S: WrappedServiceTypeSupport + 'static> Caller<S> {
    /// Creates the client.
    pub(crate) fn create(node: &mut r2r::Node, name: &str) -> r2r::Result<Self> {
        Ok(Self { client: node.create_client::<S>(name, QosProfile::services_default())? })
    }

    /// Sends a request. A server that is not there does not hear it.
    ///
    /// # Errors
    /// What the middleware says.
    pub fn ask(&self, request: &S::Request) -> r2r::Result<Pending<S::Response>> {
        Ok(Pending { answer: self.client.request(request)?.boxed_local() })
    }
}

impl<R> Pending<R> {
    /// The answer, once, when it has come.
    pub fn look(&mut self) -> Option<r2r::Result<R>> {
        (&mut self.answer).now_or_never()
    }
}
