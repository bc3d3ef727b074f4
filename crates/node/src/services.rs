//! Service servers that are asked for their requests instead of calling back.
//!
//! The rule: a request is answered in the poll in which it was seen, or kept by whoever took it.

use futures::{FutureExt, Stream, StreamExt};
use r2r::{QosProfile, ServiceRequest, WrappedServiceTypeSupport};

/// The requests that wait at one service server.
pub struct Requests<S: WrappedServiceTypeSupport + 'static> {
    stream: Box<dyn Stream<Item = ServiceRequest<S>> + Unpin>,
}

impl<S: WrappedServiceTypeSupport + 'static> Requests<S> {
    /// Creates the server.
    pub(crate) fn create(node: &mut r2r::Node, name: &str) -> r2r::Result<Self> {
        let stream = node.create_service::<S>(name, QosProfile::services_default())?;
        Ok(Self { stream: Box::new(stream) })
    }

    /// The next request, to be answered with [`ServiceRequest::respond`].
    pub fn take(&mut self) -> Option<ServiceRequest<S>> {
        self.stream.next().now_or_never().flatten()
    }

    /// Answers every waiting request. A client that has gone meanwhile is none of our business.
    pub fn answer(&mut self, mut reply: impl FnMut(&S::Request) -> S::Response) {
        while let Some(request) = self.take() {
            let response = reply(&request.message);
            let _client_gone = request.respond(response);
        }
    }
}
