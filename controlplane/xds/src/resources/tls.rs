//! Transport sockets: mutual TLS in both directions, with certificate and roots from secrets.

use weft_mesh::settings::{TlsRules, TlsVersion};
use weft_model::config_entry::Protocol;
use weft_proto::any;
use weft_proto::envoy::core::{TransportSocket, transport_socket};
use weft_proto::envoy::extension::tls::common_tls_context::{
    CombinedCertificateValidationContext, ValidationContextType,
};
use weft_proto::envoy::extension::tls::tls_parameters::TlsProtocol;
use weft_proto::envoy::extension::tls::{
    CertificateValidationContext, CommonTlsContext, DownstreamTlsContext, SdsSecretConfig, SubjectAltNameMatcher,
    TlsParameters, UpstreamTlsContext, downstream_tls_context, subject_alt_name_matcher,
};
use weft_proto::envoy::matcher::StringMatcher;

use super::common::{ads, boolean, exact, matching};
use super::secret::{LEAF, ROOTS};

/// Of a public listener: clients must show a certificate, with an id that matches one of `callers`.
pub(super) fn downstream(rules: &TlsRules, protocol: Protocol, callers: &[String]) -> TransportSocket {
    let alpn: &[&str] = match protocol {
        Protocol::Tcp => &[],
        Protocol::Http => &["http/1.1"],
        Protocol::Http2 | Protocol::Grpc => &["h2", "http/1.1"],
    };
    let callers = callers.iter().map(|pattern| matching(pattern)).collect();
    let context = DownstreamTlsContext {
        common_tls_context: Some(common(rules, alpn, callers)),
        require_client_certificate: Some(boolean(true)),
        // Every connection is verified anew: a resumed one would outlive its certificate and its root.
        disable_stateful_session_resumption: true,
        session_ticket_keys_type: Some(
            downstream_tls_context::SessionTicketKeysType::DisableStatelessSessionResumption(true),
        ),
        ..DownstreamTlsContext::default()
    };
    socket(any(&context))
}

/// Of a connection to a service: the server must have the id of that service.
pub(super) fn upstream(rules: &TlsRules, protocol: Protocol, sni: &str, spiffe_id: &str) -> TransportSocket {
    let alpn: &[&str] = match protocol {
        Protocol::Tcp => &[],
        Protocol::Http => &["http/1.1"],
        Protocol::Http2 | Protocol::Grpc => &["h2"],
    };
    let context = UpstreamTlsContext {
        common_tls_context: Some(common(rules, alpn, vec![exact(spiffe_id)])),
        sni: sni.to_owned(),
        ..UpstreamTlsContext::default()
    };
    socket(any(&context))
}

fn common(rules: &TlsRules, alpn: &[&str], peers: Vec<StringMatcher>) -> CommonTlsContext {
    let uri = |matcher| SubjectAltNameMatcher {
        san_type: subject_alt_name_matcher::SanType::Uri.into(),
        matcher: Some(matcher),
        ..SubjectAltNameMatcher::default()
    };
    let validation = CombinedCertificateValidationContext {
        default_validation_context: Some(CertificateValidationContext {
            match_typed_subject_alt_names: peers.into_iter().map(uri).collect(),
            ..CertificateValidationContext::default()
        }),
        validation_context_sds_secret_config: Some(secret(ROOTS)),
        ..CombinedCertificateValidationContext::default()
    };
    CommonTlsContext {
        tls_params: Some(parameters(rules)),
        tls_certificate_sds_secret_configs: vec![secret(LEAF)],
        alpn_protocols: alpn.iter().map(|name| (*name).to_owned()).collect(),
        validation_context_type: Some(ValidationContextType::CombinedValidationContext(validation)),
        ..CommonTlsContext::default()
    }
}

fn secret(name: &str) -> SdsSecretConfig {
    SdsSecretConfig { name: name.to_owned(), sds_config: Some(ads()) }
}

fn parameters(rules: &TlsRules) -> TlsParameters {
    TlsParameters {
        tls_minimum_protocol_version: version(rules.min).into(),
        tls_maximum_protocol_version: version(rules.max).into(),
        cipher_suites: rules.ciphers.iter().map(|name| (*name).to_owned()).collect(),
        ..TlsParameters::default()
    }
}

fn version(version: TlsVersion) -> TlsProtocol {
    match version {
        TlsVersion::V1_2 => TlsProtocol::TlSv12,
        TlsVersion::V1_3 => TlsProtocol::TlSv13,
    }
}

fn socket(context: weft_proto::Any) -> TransportSocket {
    TransportSocket {
        name: "envoy.transport_sockets.tls".to_owned(),
        config_type: Some(transport_socket::ConfigType::TypedConfig(context)),
    }
}
