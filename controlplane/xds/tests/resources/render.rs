//! Resources as text for people: messages in full, packed ones unpacked, maps in order, and nothing
//! that is unset.

use std::fmt::Write as _;

use prost::Message;
use weft_proto::Name;
use weft_proto::envoy::{cluster, endpoint, extension, filter, listener, route};
use weft_xds::set::{Resource, ResourceSet, ResourceType};

/// All resources of a set, by type and name.
pub(crate) fn set(set: &ResourceSet) -> String {
    let mut out = String::new();
    for of in ResourceType::all() {
        for resource in set.iter(of) {
            writeln!(out, "=== {} {}", of.kind().short, resource.name()).unwrap();
            out.push_str(&self::resource(resource));
        }
    }
    out
}

fn resource(resource: &Resource) -> String {
    tidy(&message(resource.resource_type().kind().type_url, resource.body()))
}

/// The debug text of the message that `url` says it is.
fn message(url: &str, body: &[u8]) -> String {
    let known = [
        debug::<extension::tls::Secret>,
        debug::<cluster::Cluster>,
        debug::<endpoint::ClusterLoadAssignment>,
        debug::<listener::Listener>,
        debug::<route::RouteConfiguration>,
        debug::<extension::tls::DownstreamTlsContext>,
        debug::<extension::tls::UpstreamTlsContext>,
        debug::<extension::upstream_http::HttpProtocolOptions>,
        debug::<extension::early_header_mutation::HeaderMutation>,
        debug::<extension::stream_access_log::StdoutAccessLog>,
        debug::<extension::stream_access_log::StderrAccessLog>,
        debug::<extension::file_access_log::FileAccessLog>,
        debug::<filter::network::http_connection_manager::HttpConnectionManager>,
        debug::<filter::network::tcp_proxy::TcpProxy>,
        debug::<filter::network::rbac::Rbac>,
        debug::<filter::http::rbac::Rbac>,
        debug::<filter::http::rbac::RbacPerRoute>,
        debug::<filter::http::router::Router>,
        debug::<filter::http::grpc_stats::FilterConfig>,
        debug::<filter::http::grpc_http1_bridge::Config>,
    ];
    known.iter().find_map(|debug| debug(url, body)).unwrap_or_else(|| panic!("{url} has no row in render.rs"))
}

fn debug<M: Message + Name + Default + std::fmt::Debug>(url: &str, body: &[u8]) -> Option<String> {
    (M::type_url() == url).then(|| format!("{:#?}", M::decode(body).unwrap()))
}

fn tidy(text: &str) -> String {
    let mut lines = text.lines();
    let mut out = String::new();
    Tree::parse(&mut lines).simplified().write(0, &mut out);
    out
}

/// Pretty debug text: a line and what is indented below it.
struct Tree {
    line: String,
    children: Vec<Tree>,
    end: String,
}

impl Tree {
    fn parse<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Self {
        let line = lines.next().unwrap().trim().to_owned();
        let mut tree = Self { children: Vec::new(), end: String::new(), line };
        if !tree.line.ends_with(['{', '[', '(']) {
            return tree;
        }
        let mut lines = lines.by_ref().peekable();
        tree.parse_children(&mut lines);
        tree
    }

    fn parse_children<'a>(&mut self, lines: &mut std::iter::Peekable<&mut impl Iterator<Item = &'a str>>) {
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.starts_with(['}', ']', ')']) {
                line.trim_end_matches(',').clone_into(&mut self.end);
                break;
            }
            let mut child = Self { line: line.to_owned(), children: Vec::new(), end: String::new() };
            if line.ends_with(['{', '[', '(']) {
                child.parse_children(lines);
            }
            self.children.push(child);
        }
        if self.children.iter().all(|child| child.line.starts_with('"') && child.line.contains(": ")) {
            self.children.sort_by(|a, b| a.line.cmp(&b.line));
        }
    }

    /// Whether it says no more than that something is not set.
    fn is_unset(&self) -> bool {
        let value = self.line.trim_end_matches(',').split_once(": ").map(|(_, value)| value);
        self.children.is_empty() && matches!(value, Some("None" | "[]" | "{}" | "\"\"" | "false" | "0"))
    }

    /// A packed message, unpacked.
    fn unpacked(&self) -> Option<Self> {
        if !self.line.ends_with("Any {") {
            return None;
        }
        let [url, value] = self.children.as_slice() else { return None };
        let url = url.line.strip_prefix("type_url: \"")?.strip_suffix("\",")?;
        let bytes: Vec<u8> =
            value.children.iter().map(|byte| byte.line.trim_end_matches(',').parse().unwrap()).collect();
        let text = message(url, &bytes);
        let mut inner = Self::parse(&mut text.lines());
        inner.line = format!("{}{}", self.line.strip_suffix("Any {")?, inner.line);
        Some(inner)
    }

    /// The message in full: packed ones unpacked, `Some` gone, what is unset left out.
    fn simplified(self) -> Self {
        let mut tree = self.unpacked().unwrap_or(self);
        if tree.line.ends_with("Some(") && tree.children.len() == 1 {
            let mut only = tree.children.remove(0);
            only = only.unpacked().unwrap_or(only);
            only.line = format!("{}{}", tree.line.trim_end_matches("Some("), only.line);
            tree = only;
        }
        tree.children.retain(|child| !child.is_unset());
        tree.children = tree.children.into_iter().map(Self::simplified).collect();
        tree.line = tree.line.trim_end_matches(',').to_owned();
        tree
    }

    /// On one line where that is short.
    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let inline = self.inline();
        if self.children.is_empty() || indent.len() + inline.len() <= 118 {
            writeln!(out, "{indent}{inline}").unwrap();
            return;
        }
        writeln!(out, "{indent}{}", self.line).unwrap();
        for child in &self.children {
            child.write(depth + 1, out);
        }
        writeln!(out, "{indent}{}", self.end).unwrap();
    }

    fn inline(&self) -> String {
        let parts: Vec<_> = self.children.iter().map(Self::inline).collect();
        let blank = if self.end == "}" && !parts.is_empty() { " " } else { "" };
        format!("{}{blank}{}{blank}{}", self.line, parts.join(", "), self.end)
    }
}
