# Talks to the server: api PATH [CURL OPTIONS] prints the answer. A server that is away for a while is waited for; one that
# says no is believed.
base={{metadata_url|escape.shell}}
work=/run/firstlight
mkdir -p "$work"

authorization() {
    printf 'Authorization: OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="%s", oauth_token="%s", oauth_signature="%%26%s", oauth_timestamp="%s", oauth_nonce="%s"' \
        {{credential.consumer_key|escape.shell}} {{credential.token_key|escape.shell}} {{credential.token_secret|escape.shell}} \
        "$EPOCHSECONDS" "$RANDOM$RANDOM$RANDOM"
}

api() {
    local path=$1 answer=$work/answer.$BASHPID status try
    shift
    for ((try = 0; try < 90; try++)); do
        status=$(curl --silent --max-time 120 --output "$answer" --write-out '%{http_code}' \
            --header "$(authorization)" "$@" "$base$path")
        case $status in
            2??) cat "$answer"; rm -f "$answer"; return 0 ;;
            4??) cat "$answer" >&2; rm -f "$answer"; return 4 ;;
        esac
        sleep 1
    done
    echo "no answer from $base$path: HTTP status $status" >&2
    return 1
}

say() {
    echo "firstlight: $*" > /dev/console
}
