"""What operators read: closed schemas of the fields that we use.

The schemas are ours, written from the operators' documentation: a field that is not in them, a
misspelt one above all, is a fault, since a cluster would drop it without a word. They say nothing about
fields that we do not use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema

from tests.deploy.manifests import Document, builtin

Schema = dict[str, Any]


def _closed(needed: Mapping[str, Schema], **more: Schema) -> Schema:
    """An object with these fields and no other; `more` are those that may be absent."""
    return {
        "type": "object",
        "properties": {**needed, **more},
        "required": sorted(needed),
        "additionalProperties": False,
    }


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of, "minItems": 1}


def _one_of(*values: object) -> Schema:
    return {"enum": list(values)}


def _matching(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


TEXT: Schema = {"type": "string", "minLength": 1}
YES_NO: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
NAME = _matching("[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
QUANTITY = _matching(r"\d+(m|Ki|Mi|Gi)?")
DURATION = _matching(r"(\d+(ms|s|m|h))+")
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
NAMED = _closed({"name": NAME})
KEY_OF = _closed({"name": NAME, "key": TEXT})
SELECTOR = _closed(
    {},
    matchLabels=TEXTS,
    matchExpressions=_list(
        _closed({"key": TEXT, "operator": _one_of("In"), "values": _list(TEXT)})
    ),
)
VOLUME = _closed({"size": QUANTITY, "storageClass": NAME})
RESOURCES = _closed(
    {
        "requests": _closed({"cpu": QUANTITY, "memory": QUANTITY}),
        "limits": _closed({"memory": QUANTITY}),
    }
)

MOMENT = _matching(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?\+00:00")
PLUGIN = _closed({"name": TEXT, "parameters": TEXTS})

_INITDB = _closed(
    {
        "database": TEXT,
        "owner": TEXT,
        "secret": NAMED,
        "dataChecksums": YES_NO,
        "encoding": TEXT,
        "postInitApplicationSQL": _list(TEXT),
    }
)
_RECOVERY = _closed(
    {
        "source": NAME,
        "database": TEXT,
        "owner": TEXT,
        "secret": NAMED,
    },
    # Without it the archive is played to its end.
    recoveryTarget=_closed({"targetTime": MOMENT}),
)
_ROLE = _closed({"name": TEXT, "ensure": _one_of("present"), "login": YES_NO}, passwordSecret=NAMED)
_CLUSTER = _closed(
    {
        "instances": COUNT,
        "imageName": TEXT,
        "inheritedMetadata": _closed({"labels": TEXTS}),
        "enableSuperuserAccess": YES_NO,
        "enablePDB": YES_NO,
        "primaryUpdateStrategy": _one_of("unsupervised", "supervised"),
        "primaryUpdateMethod": _one_of("restart", "switchover"),
        "seccompProfile": _closed({"type": _one_of("RuntimeDefault")}),
        "affinity": _closed(
            {
                "enablePodAntiAffinity": YES_NO,
                "podAntiAffinityType": _one_of("preferred", "required"),
                "topologyKey": TEXT,
            }
        ),
        "resources": RESOURCES,
        "storage": VOLUME,
        "walStorage": VOLUME,
        "managed": _closed(
            {
                "services": _closed(
                    {
                        "disabledDefaultServices": _list(_one_of("ro", "r")),
                        "additional": _list(
                            _closed(
                                {
                                    "selectorType": _one_of("rw", "ro", "r"),
                                    "serviceTemplate": _closed({"metadata": NAMED}),
                                }
                            )
                        ),
                    }
                ),
                "roles": _list(_ROLE),
            }
        ),
        "certificates": _closed({"serverAltDNSNames": _list(NAME)}),
        # One or the other: an operator takes what it finds first, and says nothing.
        "bootstrap": {
            **_closed({}, initdb=_INITDB, recovery=_RECOVERY),
            "minProperties": 1,
            "maxProperties": 1,
        },
        "postgresql": _closed(
            {
                "synchronous": _closed(
                    {
                        "method": _one_of("any", "first"),
                        "number": COUNT,
                        "dataDurability": _one_of("required", "preferred"),
                    }
                ),
                "parameters": TEXTS,
                "pg_hba": _list(TEXT),
            }
        ),
        "plugins": _list(_closed({"name": TEXT, "isWALArchiver": YES_NO, "parameters": TEXTS})),
    },
    externalClusters=_list(_closed({"name": NAME, "plugin": PLUGIN})),
)
_STORED = _closed({"compression": _one_of("gzip"), "encryption": _one_of("AES256", "aws:kms")})
_RELABELING = _closed(
    {"action": _one_of("keep", "replace")},
    sourceLabels=_list(_matching("[a-z_]+")),
    regex=TEXT,
    targetLabel=_matching("[a-z_]+"),
    replacement=TEXT,
)

SCHEMAS: Mapping[str, Schema] = {
    "postgresql.cnpg.io/v1/Cluster": _CLUSTER,
    "postgresql.cnpg.io/v1/ScheduledBackup": _closed(
        {
            # Six fields: CloudNativePG counts seconds too.
            "schedule": _matching(r"\S+( \S+){5}"),
            "backupOwnerReference": _one_of("none", "self", "cluster"),
            "target": _one_of("primary", "prefer-standby"),
            "cluster": NAMED,
            "method": _one_of("plugin"),
            "pluginConfiguration": NAMED,
        }
    ),
    "postgresql.cnpg.io/v1/Backup": _closed(
        {"cluster": NAMED, "method": _one_of("plugin"), "pluginConfiguration": NAMED}
    ),
    "barmancloud.cnpg.io/v1/ObjectStore": _closed(
        {
            "retentionPolicy": _matching("[1-9][0-9]*[dwm]"),
            "configuration": _closed(
                {
                    "destinationPath": _matching("s3://.+"),
                    "endpointURL": _matching("https://.+"),
                    "s3Credentials": _closed({"accessKeyId": KEY_OF, "secretAccessKey": KEY_OF}),
                    "data": _STORED,
                    "wal": _STORED,
                }
            ),
        }
    ),
    "external-secrets.io/v1/ExternalSecret": _closed(
        {
            "refreshInterval": DURATION,
            "secretStoreRef": _closed(
                {"kind": _one_of("SecretStore", "ClusterSecretStore"), "name": NAME}
            ),
            "target": _closed(
                {
                    "name": NAME,
                    "creationPolicy": _one_of("Owner"),
                    "deletionPolicy": _one_of("Retain"),
                },
                template=_closed(
                    {"engineVersion": _one_of("v2"), "data": TEXTS},
                    type=TEXT,
                    metadata=_closed({}, labels=TEXTS),
                ),
            ),
            "data": _list(
                _closed(
                    {
                        "secretKey": TEXT,
                        "remoteRef": _closed({"key": TEXT}, decodingStrategy=_one_of("Base64")),
                    }
                )
            ),
        }
    ),
    "gateway.networking.k8s.io/v1/Gateway": _closed(
        {
            "gatewayClassName": NAME,
            "infrastructure": _closed(
                {"parametersRef": _closed({"group": TEXT, "kind": TEXT, "name": NAME})}
            ),
            "listeners": _list(
                _closed(
                    {
                        "name": NAME,
                        "protocol": _one_of("HTTP", "HTTPS", "TLS", "TCP"),
                        "port": PORT,
                        "hostname": NAME,
                        "tls": _closed(
                            {
                                "mode": _one_of("Terminate", "Passthrough"),
                                "certificateRefs": _list(
                                    _closed({"kind": _one_of("Secret"), "name": NAME})
                                ),
                            }
                        ),
                        "allowedRoutes": _closed(
                            {"namespaces": _closed({"from": _one_of("Same", "All", "Selector")})}
                        ),
                    }
                )
            ),
        }
    ),
    "gateway.networking.k8s.io/v1/HTTPRoute": _closed(
        {
            "parentRefs": _list(_closed({"name": NAME, "sectionName": NAME})),
            "hostnames": _list(NAME),
            "rules": _list(
                _closed(
                    {
                        "matches": _list(
                            _closed(
                                {
                                    "path": _closed(
                                        {
                                            "type": _one_of("Exact", "PathPrefix"),
                                            "value": _matching("/.*"),
                                        }
                                    )
                                }
                            )
                        ),
                        "backendRefs": _list(_closed({"name": NAME, "port": PORT})),
                    },
                    timeouts=_closed({"request": DURATION}),
                )
            ),
        }
    ),
    "gateway.envoyproxy.io/v1alpha1/ClientTrafficPolicy": _closed(
        {
            "targetRefs": _list(
                _closed(
                    {
                        "group": _one_of("gateway.networking.k8s.io"),
                        "kind": _one_of("Gateway"),
                        "name": NAME,
                    }
                )
            ),
            "tls": _closed(
                {
                    "minVersion": _one_of("Auto", "1.0", "1.1", "1.2", "1.3"),
                    "maxVersion": _one_of("Auto", "1.0", "1.1", "1.2", "1.3"),
                    "alpnProtocols": _list(_one_of("h2", "http/1.1")),
                }
            ),
        },
        headers=_closed({"disableRateLimitHeaders": YES_NO}),
        timeout=_closed({"http": _closed({"requestReceivedTimeout": DURATION})}),
    ),
    "gateway.envoyproxy.io/v1alpha1/EnvoyProxy": _closed(
        {
            "telemetry": _closed({"accessLog": _closed({"disable": YES_NO})}),
            "logging": _closed({"level": _closed({"default": _one_of("error", "warn")})}),
        }
    ),
    "cert-manager.io/v1/Certificate": _closed(
        {
            "secretName": NAME,
            "duration": DURATION,
            "renewBefore": DURATION,
            "privateKey": _closed(
                {
                    "algorithm": _one_of("ECDSA", "Ed25519"),
                    "size": _one_of(256, 384),
                    "rotationPolicy": _one_of("Always"),
                }
            ),
            "dnsNames": _list(_matching(r"(\*\.)?[a-z0-9.-]+")),
            "usages": _list(_one_of("digital signature", "server auth", "client auth")),
            "issuerRef": _closed({"kind": _one_of("Issuer", "ClusterIssuer"), "name": NAME}),
        }
    ),
    "monitoring.coreos.com/v1/ServiceMonitor": _closed(
        {
            "selector": SELECTOR,
            "namespaceSelector": _closed({"matchNames": _list(NAME)}),
            "endpoints": _list(
                _closed(
                    {
                        "port": NAME,
                        "path": _one_of("/metrics"),
                        "interval": DURATION,
                        "scrapeTimeout": DURATION,
                        "honorLabels": YES_NO,
                    }
                )
            ),
        }
    ),
    "monitoring.coreos.com/v1/PodMonitor": _closed(
        {
            "selector": SELECTOR,
            "namespaceSelector": _closed({"matchNames": _list(NAME)}),
            "podMetricsEndpoints": _list(
                _closed(
                    {"port": NAME, "interval": DURATION, "honorLabels": YES_NO},
                    relabelings=_list(_RELABELING),
                    metricRelabelings=_list(_RELABELING),
                )
            ),
        },
        jobLabel=TEXT,
    ),
    "monitoring.coreos.com/v1/PrometheusRule": _closed(
        {
            "groups": _list(
                _closed(
                    {
                        "name": TEXT,
                        "rules": _list(
                            {
                                "oneOf": [
                                    _closed(
                                        {
                                            "alert": TEXT,
                                            "expr": TEXT,
                                            "labels": TEXTS,
                                            "annotations": TEXTS,
                                        },
                                        **{"for": DURATION, "keep_firing_for": DURATION},
                                    ),
                                    _closed({"record": TEXT, "expr": TEXT}, labels=TEXTS),
                                ]
                            }
                        ),
                    },
                    interval=DURATION,
                )
            )
        }
    ),
}
"""`apiVersion/kind` to the schema of `spec`."""

_METADATA = _closed({"name": NAME, "namespace": NAME, "labels": TEXTS}, annotations=TEXTS)


def valid(documents: Sequence[Document]) -> list[str]:
    """Faults of each custom resource against its schema, and those that have none."""
    return [fault for each in documents if not builtin(each) for fault in _valid(each)]


def _valid(document: Document) -> Iterator[str]:
    where = f"{document['kind']}/{document['metadata']['name']}"
    schema = SCHEMAS.get(f"{document['apiVersion']}/{document['kind']}")
    if schema is None:
        yield f"{where}: no schema of ours knows {document['apiVersion']}"
        return
    whole = _closed(
        {"apiVersion": TEXT, "kind": TEXT, "metadata": _METADATA, "spec": schema},
    )
    for error in jsonschema.Draft202012Validator(whole).iter_errors(document):
        yield f"{where}: {error.json_path}: {error.message}"
