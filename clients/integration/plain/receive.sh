#!/usr/bin/env bash
# An integration with nothing but a shell: takes the next message in NATS' own protocol, prints it,
# and acknowledges it. For a local installation, which has passwords and no TLS.
#
#     receive.sh HOST PORT NAME PASSWORD-FILE [USER]
set -euo pipefail
host=$1 port=$2 name=$3 password=$(<"$4") user=${5:-$3}
inbox=_INBOX_$name.$RANDOM$RANDOM
ask='$JS.API.CONSUMER.MSG.NEXT.SIGNALS_EXT.integration'
body='{"batch":1,"expires":5000000000}'

exec 3<>"/dev/tcp/$host/$port"
say() { printf '%s\r\n' "$@" >&3; }

say "CONNECT {\"user\":\"$user\",\"pass\":\"$password\",\"headers\":true,\"no_responders\":true,\"verbose\":false,\"name\":\"plain\"}"
say "SUB $inbox 1" "PUB $ask $inbox ${#body}" "$body"

while IFS=' ' read -r -t 10 -u 3 verb subject _ reply headers total; do
  case ${verb%$'\r'} in
    PING) say PONG ;;
    -ERR) echo "NATS: $subject $reply" >&2; exit 1 ;;
    HMSG)
      # "HMSG subject id reply headers total"; without a reply it is a status, such as "no messages".
      if [ -z "${total:-}" ]; then
        echo "nothing new" >&2
        exit 2
      fi
      LC_ALL=C IFS= read -r -N "$headers" -u 3 _
      LC_ALL=C IFS= read -r -N "$((${total%$'\r'} - headers))" -u 3 message
      printf '%s\n' "$message"
      say "PUB $reply 4" "+ACK" PING
      until IFS= read -r -t 10 -u 3 line && [ "$line" = $'PONG\r' ]; do :; done
      exit 0
      ;;
  esac
done
echo "NATS does not answer" >&2
exit 1
