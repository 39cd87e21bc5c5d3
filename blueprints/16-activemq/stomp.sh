# STOMP in a few lines of bash: BROKER is host:port. A frame ends with a zero byte, which `read -d ''` takes as the end of a line.
trap "" PIPE
frame() { printf "$@" >&3 && printf '\0' >&3; }
answer() { IFS= read -r -d '' REPLY <&3; }

connect() {
  until exec 3<>"/dev/tcp/${BROKER%:*}/${BROKER##*:}" && frame 'CONNECT\naccept-version:1.1\nhost:mail\nlogin:admin\npasscode:%s\n\n' "$PASSWORD" &&
    answer && [[ $REPLY == *CONNECTED* ]]; do
    echo "the broker refuses: $REPLY"
    sleep 1
  done
}
