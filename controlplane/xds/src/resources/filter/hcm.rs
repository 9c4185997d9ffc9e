//! The HTTP connection manager, of public listeners and of upstreams.

use weft_mesh::authz::Authorization;
use weft_mesh::plan::{Inbound, Outbound};
use weft_mesh::settings::{EscapedSlashes, HttpRules, Settings, Underscores};
use weft_model::config_entry::Protocol;
use weft_proto::envoy::core::http_protocol_options::HeadersWithUnderscoresAction;
use weft_proto::envoy::core::{HttpProtocolOptions, TypedExtensionConfig};
use weft_proto::envoy::extension::early_header_mutation;
use weft_proto::envoy::filter::network::http_connection_manager::http_connection_manager::{
    CodecType, ForwardClientCertDetails, PathWithEscapedSlashesAction, RouteSpecifier, ServerHeaderTransformation,
    SetCurrentClientCertDetails, UpgradeConfig,
};
use weft_proto::envoy::filter::network::http_connection_manager::{HttpConnectionManager, Rds};
use weft_proto::envoy::mutation_rules::{HeaderMutation, header_mutation};
use weft_proto::{Any, any};

use super::{Side, http_filters, upstream_stat_prefix};
use crate::resources::access_log;
use crate::resources::common::{ads, boolean, uint};

pub(super) const NAME: &str = "envoy.filters.network.http_connection_manager";

/// Headers by which a caller could steer the proxy of the service that it calls, or pass for a proxy.
const NOT_FROM_CALLERS: [&str; 19] = [
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-external-address",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-max-retries",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
];

/// Of a public listener: requests are brought into one form, then judged, then passed on.
pub(super) fn inbound(name: &str, spec: &Inbound, authorization: &Authorization, settings: &Settings) -> Any {
    let rules = &settings.http;
    let codec = if spec.protocol.is_http2() { CodecType::Http2 } else { CodecType::Auto };
    any(&HttpConnectionManager {
        codec_type: codec.into(),
        stat_prefix: "public_listener".to_owned(),
        max_request_headers_kb: spec.max_request_headers_kb.map(uint),
        common_http_protocol_options: Some(HttpProtocolOptions {
            headers_with_underscores_action: underscores(rules, authorization).into(),
            ..HttpProtocolOptions::default()
        }),
        normalize_path: Some(boolean(rules.normalize_path)),
        merge_slashes: rules.merge_slashes,
        path_with_escaped_slashes_action: escaped_slashes(rules.escaped_slashes).into(),
        early_header_mutation_extensions: vec![drop_headers()],
        ..client_certificate(rules, common(Side::Inbound, spec.protocol, name, settings))
    })
}

/// Of an upstream's listener.
pub(super) fn outbound(spec: &Outbound, settings: &Settings) -> Any {
    any(&HttpConnectionManager {
        stat_prefix: upstream_stat_prefix(spec),
        ..common(Side::Outbound, spec.protocol, &spec.name, settings)
    })
}

fn common(side: Side, protocol: Protocol, routes: &str, settings: &Settings) -> HttpConnectionManager {
    let websocket = UpgradeConfig { upgrade_type: "websocket".to_owned(), ..UpgradeConfig::default() };
    HttpConnectionManager {
        route_specifier: Some(RouteSpecifier::Rds(Rds {
            config_source: Some(ads()),
            route_config_name: routes.to_owned(),
        })),
        http_filters: http_filters(side, protocol),
        // The application's own `server` header goes through.
        server_header_transformation: ServerHeaderTransformation::PassThrough.into(),
        upgrade_configs: if protocol == Protocol::Http { vec![websocket] } else { vec![] },
        access_log: access_log::of_filter(settings.access_log.as_ref()),
        ..HttpConnectionManager::default()
    }
}

/// Tells the application who calls, from the verified certificate alone.
fn client_certificate(rules: &HttpRules, manager: HttpConnectionManager) -> HttpConnectionManager {
    if rules.drop_client_cert_header {
        let drop = ForwardClientCertDetails::Sanitize.into();
        return HttpConnectionManager { forward_client_cert_details: drop, ..manager };
    }
    HttpConnectionManager {
        forward_client_cert_details: ForwardClientCertDetails::SanitizeSet.into(),
        set_current_client_cert_details: Some(SetCurrentClientCertDetails {
            subject: Some(boolean(true)),
            dns: true,
            uri: true,
            ..SetCurrentClientCertDetails::default()
        }),
        ..manager
    }
}

/// Many applications take `x_user` for `x-user`: where permissions look at headers, such a header is
/// refused unless the operator or a permission says otherwise.
fn underscores(rules: &HttpRules, authorization: &Authorization) -> HeadersWithUnderscoresAction {
    let asked = rules.underscores;
    let unasked = if authorization.refuse_underscores { Underscores::Reject } else { Underscores::Allow };
    match asked.unwrap_or(unasked) {
        Underscores::Allow => HeadersWithUnderscoresAction::Allow,
        Underscores::Reject => HeadersWithUnderscoresAction::RejectRequest,
        Underscores::Drop => HeadersWithUnderscoresAction::DropHeader,
    }
}

fn escaped_slashes(action: EscapedSlashes) -> PathWithEscapedSlashesAction {
    match action {
        EscapedSlashes::Keep => PathWithEscapedSlashesAction::KeepUnchanged,
        EscapedSlashes::Reject => PathWithEscapedSlashesAction::RejectRequest,
        EscapedSlashes::Redirect => PathWithEscapedSlashesAction::UnescapeAndRedirect,
        EscapedSlashes::Forward => PathWithEscapedSlashesAction::UnescapeAndForward,
    }
}

fn drop_headers() -> TypedExtensionConfig {
    let remove = |name: &&str| HeaderMutation { action: Some(header_mutation::Action::Remove((*name).to_owned())) };
    let mutations = NOT_FROM_CALLERS.iter().map(remove).collect();
    TypedExtensionConfig {
        name: "envoy.http.early_header_mutation.header_mutation".to_owned(),
        typed_config: Some(any(&early_header_mutation::HeaderMutation { mutations })),
    }
}
