//! The six standard parameter services.
//!
//! The rule: r2r's own handler accepts every `set`; this one refuses with a reason.

use super::{Parameters, Value};
use crate::services::Requests;
use r2r::rcl_interfaces::msg::{
    ListParametersResult, Parameter, ParameterDescriptor, SetParametersResult,
};
use r2r::rcl_interfaces::srv;

/// The servers of one node.
pub(crate) struct ParameterServices {
    list: Requests<srv::ListParameters::Service>,
    get: Requests<srv::GetParameters::Service>,
    types: Requests<srv::GetParameterTypes::Service>,
    describe: Requests<srv::DescribeParameters::Service>,
    set: Requests<srv::SetParameters::Service>,
    set_atomically: Requests<srv::SetParametersAtomically::Service>,
}

impl ParameterServices {
    /// Creates the servers under the node's name.
    pub fn create(node: &mut r2r::Node) -> r2r::Result<Self> {
        Ok(Self {
            list: Requests::create(node, "~/list_parameters")?,
            get: Requests::create(node, "~/get_parameters")?,
            types: Requests::create(node, "~/get_parameter_types")?,
            describe: Requests::create(node, "~/describe_parameters")?,
            set: Requests::create(node, "~/set_parameters")?,
            set_atomically: Requests::create(node, "~/set_parameters_atomically")?,
        })
    }

    /// Answers what came in.
    pub fn serve(&mut self, parameters: &mut Parameters) {
        self.list.answer(|request| {
            let result = list(parameters, &request.prefixes, request.depth);
            srv::ListParameters::Response { result }
        });
        self.get.answer(|request| {
            let value =
                |key: &String| parameters.values.get(key).unwrap_or(&Value::NotSet).to_msg();
            srv::GetParameters::Response { values: request.names.iter().map(value).collect() }
        });
        self.types.answer(|request| {
            let kind = |key: &String| parameters.values.get(key).map_or(0, |v| v.kind() as u8);
            srv::GetParameterTypes::Response { types: request.names.iter().map(kind).collect() }
        });
        self.describe.answer(|request| {
            let descriptors = request.names.iter().map(|key| describe(parameters, key)).collect();
            srv::DescribeParameters::Response { descriptors }
        });
        self.set.answer(|request| {
            let one_by_one =
                request.parameters.iter().map(|p| set(parameters, std::slice::from_ref(p)));
            srv::SetParameters::Response { results: one_by_one.collect() }
        });
        self.set_atomically.answer(|request| {
            let result = set(parameters, &request.parameters);
            srv::SetParametersAtomically::Response { result }
        });
    }
}

/// Keys below one of the prefixes (all without prefixes), at most `depth` levels down (0: all).
fn list(parameters: &Parameters, prefixes: &[String], depth: u64) -> ListParametersResult {
    let shallow = |rest: &str| depth == 0 || (rest.matches('.').count() as u64) < depth;
    let below = |key: &str, prefix: &String| {
        let rest = key.strip_prefix(prefix.as_str());
        key == prefix || rest.and_then(|r| r.strip_prefix('.')).is_some_and(shallow)
    };
    let wanted = |key: &&String| {
        if prefixes.is_empty() { shallow(key) } else { prefixes.iter().any(|p| below(key, p)) }
    };
    let names: Vec<String> = parameters.values.keys().filter(wanted).cloned().collect();
    let mut groups: Vec<String> =
        names.iter().filter_map(|key| Some(key.rsplit_once('.')?.0.to_owned())).collect();
    groups.dedup();
    ListParametersResult { names, prefixes: groups }
}

fn describe(parameters: &Parameters, key: &str) -> ParameterDescriptor {
    let kind = parameters.values.get(key).map_or(0, |value| value.kind() as u8);
    ParameterDescriptor {
        name: key.to_owned(),
        type_: kind,
        read_only: !parameters.live.contains(key),
        description: "unit, range and default stand in the comments of the YAML file".to_owned(),
        ..ParameterDescriptor::default()
    }
}

fn set(parameters: &mut Parameters, wanted: &[Parameter]) -> SetParametersResult {
    let wanted: Vec<_> =
        wanted.iter().map(|p| (p.name.clone(), Value::from_msg(p.value.clone()))).collect();
    match parameters.set(&wanted) {
        Ok(()) => SetParametersResult { successful: true, reason: String::new() },
        Err(reason) => SetParametersResult { successful: false, reason },
    }
}
