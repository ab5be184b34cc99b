"""calicoctl's usage texts: docopt reads them, as in the real tool they are the grammar."""

from __future__ import annotations

_INTRO = """Set the Calico datastore access information in the environment variables or
or supply details in a config file.

"""
_HELP = "  -h --help                 Show this screen.\n"
_CONFIG = """  -c --config=<CONFIG>      Path to the file containing connection
                            configuration in YAML or JSON format.
                            [default: /etc/calico/calicoctl.cfg]
"""
_FILENAME = """  -f --filename=<FILENAME>  Filename to use, "-" for standard input.
"""
_IDENTIFIERS = """  -n --node=<NODE>          The node (this may be the hostname of the compute
                            server if your installation does not explicitly set
                            the names of each Calico node).
     --orchestrator=<ORCH>  The orchestrator (only used for workload endpoints).
     --workload=<WORKLOAD>  The workload (only used for workload endpoints).
     --scope=<SCOPE>        The scope of the resource type, global or node
                            (only used for BGP peers).
"""

TOP = f"""Usage:
  calicoctl [options] <command> [<args>...]

    create    Create a resource by filename or stdin.
    replace   Replace a resource by filename or stdin.
    apply     Apply a resource by filename or stdin.  This creates a resource
              if it does not exist, and replaces a resource if it does exists.
    delete    Delete a resource identified by file, stdin or resource type and
              name.
    get       Get a resource identified by file, stdin or resource type and
              name.
    config    Manage system-wide and low-level node configuration options.
    ipam      IP address management.
    node      Calico node management.
    version   Display the version of calicoctl.

Options:
{_HELP}  -l --log-level=<level>    Set the log level (one of panic, fatal, error,
                            warn, info, debug) [default: panic]

Description:
  The calicoctl command line tool is used to manage Calico network and security
  policy, to view and manage endpoint configuration, and to manage a Calico
  node instance.

  See 'calicoctl <command> --help' to read about a specific subcommand.
"""


def _writing(command: str, what: str, flag: str = "", flag_text: str = "") -> str:
    option = f" [{flag}]" if flag else ""
    return f"""{_INTRO}Usage:
  calicoctl {command} --filename=<FILENAME>{option} [--config=<CONFIG>]

Options:
{_HELP}{_FILENAME}{flag_text}{_CONFIG}
Description:
  {what}
"""


APPLY = _writing("apply", "Create each resource of a document, or replace it where it exists.")
CREATE = _writing(
    "create",
    "Create each resource of a document.",
    "--skip-exists",
    "     --skip-exists          Skip over and treat as successful any attempts to\n                            create an entry that already exists.\n",
)
REPLACE = _writing("replace", "Replace each resource of a document; each must exist.")

DELETE = f"""{_INTRO}Usage:
  calicoctl delete ([--scope=<SCOPE>] [--node=<NODE>] [--orchestrator=<ORCH>]
                    [--workload=<WORKLOAD>] (<KIND> [<NAME>]) |
                   --filename=<FILENAME>)
                   [--skip-not-exists] [--config=<CONFIG>]

Options:
{_HELP}  -s --skip-not-exists      Skip over and treat as successful, resources that
                            don't exist.
{_FILENAME}{_IDENTIFIERS}{_CONFIG}
Description:
  Delete the resources of a document, or one by its identifiers.
"""

GET = f"""{_INTRO}Usage:
  calicoctl get ([--scope=<SCOPE>] [--node=<NODE>] [--orchestrator=<ORCH>]
                 [--workload=<WORKLOAD>] (<KIND> [<NAME>]) |
                --filename=<FILENAME>)
                [--output=<OUTPUT>] [--config=<CONFIG>]

Options:
{_HELP}{_FILENAME}  -o --output=<OUTPUT>      Output format.  One of: ps, wide, custom-columns=...,
                            yaml, json, go-template=...,
                            go-template-file=...   [Default: ps]
{_IDENTIFIERS}{_CONFIG}
Description:
  Display the resources of a document, or those that the identifiers given select.
"""

CONFIG = f"""{_INTRO}Usage:
  calicoctl config set <NAME> <VALUE> [--node=<NODE>]
                                      [--raw=(bgp|felix)]
                                      [--config=<CONFIG>]
  calicoctl config unset <NAME> [--node=<NODE>]
                                [--raw=(bgp|felix)]
                                [--config=<CONFIG>]
  calicoctl config get <NAME> [--node=<NODE>]
                              [--raw=(bgp|felix)]
                              [--config=<CONFIG>]

Options:
{_HELP}  -n --node=<NODE>          The node name.
     --raw=(bgp|felix)      Apply raw configuration for the specified component.
{_CONFIG}
Description:
  Manage global and node-specific configuration.

   Name            | Scope       | Value                                  |
  -----------------+-------------+----------------------------------------+
   logLevel        | global,node | none,debug,info,warning,error,critical |
   nodeToNodeMesh  | global      | on,off                                 |
   asNumber        | global      | 0-4294967295                           |
   ipip            | global      | on,off                                 |
"""

VERSION = f"""Usage:
  calicoctl version [--config=<CONFIG>]

Options:
{_HELP}{_CONFIG}
Description:
  Display the version of calicoctl and of the cluster.
"""

IPAM = f"""{_INTRO}Usage:
  calicoctl ipam <command> [<args>...]

    release      Release a Calico assigned IP address.
    show         Show details of a Calico assigned IP address.

Options:
  -h --help      Show this screen.

Description:
  IP Address Management specific commands for calicoctl.

  See 'calicoctl ipam <command> --help' to read about a specific subcommand.
"""


def _address(command: str, what: str) -> str:
    return f"""{_INTRO}Usage:
  calicoctl ipam {command} --ip=<IP> [--config=<CONFIG>]

Options:
{_HELP}     --ip=<IP>              The IP address.
{_CONFIG}
Description:
  {what}
"""


IPAM_SHOW = _address("show", "Print what is known of an assigned address.")
IPAM_RELEASE = _address("release", "Give an assigned address back, whoever may still use it.")

NODE = f"""{_INTRO}Usage:
  calicoctl node <command> [<args>...]

    run          Run the Calico node container image.
    status       View the current status of a Calico node.
    diags        Gather a diagnostics bundle for a Calico node.
    checksystem  Verify the compute host is able to run a Calico node instance.

Options:
  -h --help      Show this screen.

Description:
  Node specific commands for calicoctl.  These commands must be run directly on
  the compute host running the Calico node instance.

  See 'calicoctl node <command> --help' to read about a specific subcommand.
"""

NODE_RUN = f"""Usage:
  calicoctl node run [--ip=<IP>] [--ip6=<IP6>] [--as=<AS_NUM>]
                     [--name=<NAME>]
                     [--ip-autodetection-method=<IP_AUTODETECTION_METHOD>]
                     [--ip6-autodetection-method=<IP6_AUTODETECTION_METHOD>]
                     [--log-dir=<LOG_DIR>]
                     [--node-image=<DOCKER_IMAGE_NAME>]
                     [--backend=(bird|gobgp|none)]
                     [--config=<CONFIG>]
                     [--no-default-ippools]
                     [--dryrun]
                     [--init-system]
                     [--disable-docker-networking]
                     [--docker-networking-ifprefix=<IFPREFIX>]
                     [--use-docker-networking-container-labels]

Options:
{_HELP}     --name=<NAME>          The name of the Calico node, by default the host's.
     --as=<AS_NUM>          The AS number of this node.
     --ip=<IP>              The IPv4 routing address, or "autodetect".
     --ip6=<IP6>            The IPv6 routing address, or "autodetect".
     --ip-autodetection-method=<IP_AUTODETECTION_METHOD>
                            first-found, can-reach=DESTINATION or
                            interface=INTERFACE-REGEX.
     --ip6-autodetection-method=<IP6_AUTODETECTION_METHOD>
                            Likewise for IPv6.
     --log-dir=<LOG_DIR>    The directory containing Calico logs.
                            [default: /var/log/calico]
     --node-image=<DOCKER_IMAGE_NAME>
                            Docker image to use for Calico's per-node container.
                            [default: quay.io/calico/node:latest]
     --backend=(bird|gobgp|none)
                            The networking backend. [default: bird]
     --dryrun               Output the appropriate command, without starting the
                            container.
     --init-system          Run the appropriate command to use with an init
                            system.
     --no-default-ippools   Do not create default pools upon startup.
     --disable-docker-networking
                            Disable Docker networking.
     --docker-networking-ifprefix=<IFPREFIX>
                            Prefix of interface names within Docker containers.
                            [default: cali]
     --use-docker-networking-container-labels
                            Take Docker containers' labels for policy.
{_CONFIG}
Description:
  Start a calico/node container instance.
"""

NODE_STATUS = f"""Usage:
  calicoctl node status

Options:
{_HELP}
Description:
  Check the status of the Calico node instance.
"""
