//! Whoever opens the rviz configuration or the Foxglove layout sees the arm: every topic, field and
//! service that they name exists in the running arm, with the type that the view expects.

use anyhow::{Context, Result, bail, ensure};
use rig::Scenario;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A topic, the type a view wants of it, and a field of it that is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    topic: String,
    wants: Option<String>,
    field: Option<String>,
    latched: bool,
}

fn config(file: &str) -> Result<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config").join(file);
    std::fs::read_to_string(&path).with_context(|| format!("{path:?}"))
}

fn absolute(topic: &str) -> String {
    format!("/{}", topic.trim_start_matches('/'))
}

/// Every topic of the rviz configuration; the type follows from the display.
fn of_rviz() -> Result<Vec<Named>> {
    let file: Value = serde_norway::from_str(&config("rviz/arm.rviz")?)?;
    let manager = file.get("Visualization Manager").context("no visualization manager")?;
    let displays = manager.get("Displays").and_then(|d| d.as_array()).context("no displays")?;
    let mut named = Vec::new();
    for display in displays {
        let class = display["Class"].as_str().context("a display without class")?;
        let (key, wants) = match class.rsplit('/').next().unwrap_or_default() {
            "RobotModel" => ("Description Topic", "std_msgs/msg/String"),
            "MarkerArray" => ("Topic", "visualization_msgs/msg/MarkerArray"),
            "TF" => {
                let wants = Some("tf2_msgs/msg/TFMessage".to_owned());
                for (topic, latched) in [("/tf", false), ("/tf_static", true)] {
                    let (topic, wants) = (topic.to_owned(), wants.clone());
                    named.push(Named { topic, wants, field: None, latched });
                }
                continue;
            }
            "Grid" => continue,
            other => bail!("display {other} is not known here: say what it subscribes to"),
        };
        let topic = &display[key];
        named.push(Named {
            topic: absolute(topic["Value"].as_str().context("a display without topic")?),
            wants: Some(wants.to_owned()),
            field: None,
            latched: topic["Durability Policy"] == "Transient Local",
        });
    }
    Ok(named)
}

/// Every topic, field and service of the Foxglove layout.
fn of_foxglove() -> Result<(Vec<Named>, Vec<String>)> {
    let file: Value = serde_json::from_str(&config("foxglove/armature.json")?)?;
    let panels = file.get("configById").and_then(|p| p.as_object()).context("no panels")?;
    let mut shown = BTreeSet::new();
    panels_of(file.get("layout").context("no layout")?, &mut shown);
    let configured: BTreeSet<_> = panels.keys().cloned().collect();
    ensure!(shown == configured, "layout and panels differ: {shown:?}, {configured:?}");
    let (mut named, mut services) = (Vec::new(), Vec::new());
    for (name, panel) in panels {
        let before = named.len() + services.len();
        for path in panel["paths"].as_array().into_iter().flatten() {
            named.push(of_path(path["value"].as_str().context("a series without value")?)?);
        }
        for key in ["topicPath", "path", "topicToRender"] {
            named.extend(panel[key].as_str().map(of_path).transpose()?);
        }
        for (topic, _) in panel["topics"].as_object().into_iter().flatten() {
            let wants = Some("visualization_msgs/msg/MarkerArray".to_owned());
            named.push(Named { topic: topic.clone(), wants, field: None, latched: false });
        }
        for (_, layer) in panel["layers"].as_object().into_iter().flatten() {
            if let Some(topic) = layer["topic"].as_str() {
                let wants = Some("std_msgs/msg/String".to_owned());
                named.push(Named { topic: topic.to_owned(), wants, field: None, latched: false });
            }
        }
        services.extend(panel["serviceName"].as_str().map(str::to_owned));
        ensure!(named.len() + services.len() > before, "panel {name} shows nothing");
    }
    Ok((named, services))
}

fn panels_of(layout: &Value, into: &mut BTreeSet<String>) {
    match layout {
        Value::String(panel) => drop(into.insert(panel.clone())),
        _ => ["first", "second"].iter().for_each(|side| {
            if layout.get(side).is_some() {
                panels_of(&layout[side], into);
            }
        }),
    }
}

/// `/topic.field[0].other`.
fn of_path(path: &str) -> Result<Named> {
    ensure!(path.starts_with('/'), "{path:?} is no topic");
    let (topic, field) = path.split_once('.').map_or((path, None), |(t, f)| (t, Some(f)));
    let field = field.map(str::to_owned);
    Ok(Named { topic: topic.to_owned(), wants: None, field, latched: false })
}

/// The fields of a message, read from its installed definition.
fn fields(message_type: &str) -> Result<BTreeMap<String, String>> {
    let (package, name) = message_type.split_once("/msg/").context("no message type")?;
    let prefixes = std::env::var_os("AMENT_PREFIX_PATH").context("run this through cargo xtask")?;
    let found = std::env::split_paths(&prefixes)
        .map(|prefix| prefix.join("share").join(package).join("msg").join(format!("{name}.msg")))
        .find(|file| file.is_file());
    let text = std::fs::read_to_string(found.with_context(|| format!("no {message_type}"))?)?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let declared = lines.filter(|line| !line.is_empty() && !line.contains('='));
    Ok(declared
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (kind, name) = (words.next()?, words.next()?);
            Some((name.to_owned(), kind.to_owned()))
        })
        .collect())
}

/// That a message has the field, and as many elements as its index wants.
fn expect_field(message_type: &str, field: &str) -> Result<()> {
    let (name, index) = match field.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
        None => (field, None),
    };
    ensure!(!name.contains('.'), "{field}: fields of fields are not looked into here");
    let fields = fields(message_type)?;
    let kind = fields.get(name).with_context(|| format!("{message_type} has no field {name}"))?;
    let Some(index) = index else { return Ok(()) };
    let length = kind.split_once('[').with_context(|| format!("{name} is no array"))?.1;
    let length = length.trim_end_matches(']');
    let fits = length.is_empty() || length.parse::<usize>().is_ok_and(|length| index < length);
    ensure!(fits, "{message_type}: {field} is beyond {kind}");
    Ok(())
}

/// Would catch: a display left behind by a renamed topic, a plot of a field that is gone, a display
/// that waits for latched messages of somebody who does not latch.
#[test]
fn every_topic_field_and_service_of_rviz_and_foxglove_is_there_with_its_type() -> Result<()> {
    let (foxglove, services) = of_foxglove()?;
    let named: BTreeSet<Named> = of_rviz()?.into_iter().chain(foxglove).collect();
    ensure!(named.len() > 30, "few topics are named: {}", named.len());
    let port = rig::launch::free_port()?;
    let port = format!("dashboard_port:={port}");
    let arguments = ["thermal:=true", "dashboard:=true", port.as_str()];
    let mut s = Scenario::enabled("conformance_views", &arguments)?;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        s.arm.pump_for(Duration::from_millis(500));
        match look(&mut s, &named, &services) {
            Err(_) if Instant::now() < until => {}
            looked => return looked,
        }
    }
}

fn look(s: &mut Scenario, named: &BTreeSet<Named>, services: &[String]) -> Result<()> {
    let node = s.arm.node();
    let topics = node.get_topic_names_and_types()?;
    for Named { topic, wants, field, latched } in named {
        let types = topics.get(topic).with_context(|| format!("there is no topic {topic}"))?;
        let kind = types.first().context("a topic without type")?;
        ensure!(
            wants.as_ref().is_none_or(|wants| wants == kind),
            "{topic} is {kind}, not {wants:?}"
        );
        if let Some(field) = field {
            expect_field(kind, field).with_context(|| topic.clone())?;
        }
        let publishers = node.get_publishers_info_by_topic(topic, false)?;
        ensure!(!publishers.is_empty(), "nobody publishes {topic}");
        let keeps = publishers.iter().all(|publisher| {
            matches!(publisher.qos_profile.durability, r2r::qos::DurabilityPolicy::TransientLocal)
        });
        ensure!(keeps || !latched, "{topic} is not latched, the display waits for that");
    }
    for service in services {
        s.arm.trigger(service.trim_start_matches('/')).map(drop).or_else(expected_refusal)?;
    }
    Ok(())
}

/// A service that answers is there, also when it has a reason to refuse.
fn expected_refusal(error: anyhow::Error) -> Result<()> {
    let text = error.to_string();
    ensure!(text.contains("was refused"), "{text}");
    Ok(())
}
