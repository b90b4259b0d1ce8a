# shellcheck shell=bash
# Shared by deploy/up, deploy/down and deploy/test: processes, private servers, the build. Sourced, never run.
# The caller sets RUN, the directory in which all of one instance lies: pid files, data, secrets, and (but for LOGS) logs.
# BUILD=no: what was built last is run, whatever has changed since.

set -euo pipefail
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LOGS=${LOGS:-$RUN/logs}
PROGRAM=deploy/$(basename "$0")
SERVICES=(Donor Event Inventory Recognition Partner)
export LC_ALL=C.UTF-8 DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
unset ArtifactsPath # the assemblies are looked for in the projects' own bin/

# --- saying things ----------------------------------------------------------------------------------------------------

say() { printf '%5s s  %s\n' "$SECONDS" "$*"; }

die() { # WHAT [ADVICE…]
  printf '\n%s: %s\n' "$PROGRAM" "$1" >&2
  shift
  if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# A failure that nothing else explains
trap 'printf "\n%s: failed at %s line %s: %s\n" "$PROGRAM" "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND" >&2' ERR
set -E

died() { # NAME WHAT: with the end of NAME's log
  printf '\n--- end of %s ---\n' "$LOGS/$1.log" >&2
  tail -n 25 "$LOGS/$1.log" >&2 || true
  die "$1 $2" "Its log: $LOGS/$1.log" "Once the cause is gone, run $PROGRAM again: it starts what is missing."
}

# RUN and its lock (descriptor 9): one deploy/up or deploy/down at a time
take_run() {
  local owner
  mkdir -p "$LOGS"
  owner=$(stat -c %U "$RUN")
  # Half of it would end up belonging to the one, half to the other.
  [ "$owner" = "$(id -un)" ] || die "$RUN belongs to $owner" "Run $PROGRAM as $owner: sudo -u $owner $PROGRAM"
  exec 9>"$RUN/up.lock"
  flock -n 9 || { say "another deploy/up or deploy/down is at work here: waiting for it"; flock 9; }
}

# --- processes --------------------------------------------------------------------------------------------------------

pid_of() { cat "$RUN/$1.pid" 2>/dev/null; }

# What the command line of NAME's process contains. A process id alone proves nothing: ids are given out again.
mark_of() {
  case $1 in
    postgres) echo "-D $(postgres_data) " ;;
    rabbitmq) echo "-platform $(id_of_run) " ;;
    nginx) echo "-c $RUN/nginx/nginx.conf" ;;
    *) echo "$RUN/app/" ;;
  esac
}

id_of_run() { printf '%s' "$RUN" | sha256sum | head -c 12; }

alive() { # NAME
  local pid words
  pid=$(pid_of "$1") && [ -n "$pid" ] || return 1
  mapfile -d '' -t words <"/proc/$pid/cmdline" || return 1
  [[ "${words[*]} " == *"$(mark_of "$1")"* ]]
} 2>/dev/null

# start NAME COMMAND…: as a session of its own, so that it outlives this shell and its terminal. What stands before the
# server on the line (env, setpriv) replaces itself with it, so the id written down is the server's.
start() {
  local name=$1 log="$LOGS/$1.log"
  shift
  if [ -e "$log" ] && [ "$(stat -c %s "$log")" -gt 20000000 ]; then mv "$log" "$log.1"; fi
  setsid "$@" </dev/null >>"$log" 2>&1 8>&- 9>&- & # 8 and 9 are this script's locks
  echo $! >"$RUN/$name.pid"
}

gone() { # PID: no such process, or a zombie that nobody has buried yet
  local stat
  read -r stat <"/proc/$1/stat" || return 0
  [[ ${stat##*) } == Z* ]]
} 2>/dev/null

# wait_for NAME SECONDS CHECK…: until CHECK succeeds; NAME has died or the time is over: says so and ends
wait_for() {
  local name=$1 deadline=$((SECONDS + $2)) pid
  pid=$(pid_of "$name")
  shift 2
  until "$@" >/dev/null 2>&1; do
    gone "$pid" && died "$name" "died while starting"
    [ $SECONDS -lt $deadline ] || died "$name" "did not become ready in time"
    sleep 0.1
  done
}

# stop NAME SIGNAL SECONDS: only what is ours; killed when the time is over
stop() {
  local deadline=$((SECONDS + $3)) pid
  if alive "$1"; then
    pid=$(pid_of "$1")
    kill -s "$2" "$pid" 2>/dev/null || true
    while ! gone "$pid" && [ $SECONDS -lt $deadline ]; do sleep 0.05; done
    if ! gone "$pid"; then
      say "$1 did not stop within $3 s: killing it"
      kill -s KILL "$pid" 2>/dev/null || true
      while ! gone "$pid"; do sleep 0.05; done
    fi
  fi
  rm -f "$RUN/$1.pid"
}

# strays COMMAND DIRECTORY: what outlived a killed server: COMMAND's processes at work in DIRECTORY
strays() {
  local proc comm
  for proc in /proc/[0-9]*; do
    if [ "$proc/cwd" -ef "$2" ] && read -r comm <"$proc/comm" && [ "$comm" = "$1" ]; then echo "${proc#/proc/}"; fi
  done 2>/dev/null
}

await() { local pid; for pid in "$@"; do wait "$pid" || exit 1; done; } # jobs that have already said what went wrong

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

claim() { # VARIABLE PURPOSE: the port that VARIABLE names must be free
  local port=${!1} who=''
  listening "$port" || return 0
  if command -v ss >/dev/null; then who=$(ss -Hltnp "sport = :$port" | grep -o '(("[^)]*' | head -n 1 || true); fi
  die "port $port, wanted for $2, is taken${who:+ by ${who#((}}" \
    "Stop what listens there, or choose another port: $1=$((port + 1000)) $PROGRAM"
}

# --- packages, secrets, build -----------------------------------------------------------------------------------------

need_packages() { # [browser]
  local missing sudo=()
  missing=$("$ROOT/deploy/install" --missing "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      die "not installed here: $missing; and installing needs root" \
        "Ask someone who has root on this machine to run once: $ROOT/deploy/install $*" \
        "It installs the distribution's packages and starts nothing. Then run $PROGRAM again as yourself."
    fi
    sudo=(sudo)
  fi
  say "installing $missing"
  "${sudo[@]}" "$ROOT/deploy/install" "$@" >/dev/null 8>&- 9>&- || die "the packages could not be installed" "See above; then run $PROGRAM again."
}

random() { od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# Generated once and kept: passwords belong to the database they were set in, keys to what was encrypted with them.
load_secrets() {
  local file="$RUN/secrets.env" name
  local plain=(POSTGRES_PASSWORD AUDITOR_PASSWORD RABBITMQ_PASSWORD RABBITMQ_COOKIE) keys=()
  for name in "${SERVICES[@]^^}"; do
    plain+=("${name}_PASSWORD" "${name}_OWNER_PASSWORD")
    keys+=("${name}_MASTER_KEY" "${name}_INDEX_KEY")
  done
  [ -e "$file" ] || install -m 600 /dev/null "$file"
  unset "${plain[@]}" "${keys[@]}" # the environment's own POSTGRES_PASSWORD is not ours
  # shellcheck source=/dev/null
  . "$file"
  for name in "${plain[@]}"; do
    if [ -z "${!name:-}" ]; then echo "$name=$(random 24)" >>"$file"; fi
  done
  for name in "${keys[@]}"; do
    if [ -z "${!name:-}" ]; then echo "$name='$(head -c 32 /dev/urandom | base64 -w 0)'" >>"$file"; fi
  done
  # shellcheck source=/dev/null
  . "$file"
}

# What is built: all that runs. Tests and what they need (a browser's driver is 200 MB to fetch) only for deploy/test, which says Platform.sln.
SOLUTION=Platform.slnf

# What a build reads and what it leaves, by path, size and time. The same again: nothing to build.
build_stamp() { # of a solution
  local tests=()
  if [ "$1" = Platform.sln ]; then tests=(tests); fi
  (
    cd "$ROOT"
    dotnet --version
    find . -maxdepth 1 -type f -printf '%p %s %T@\n'
    find services "${tests[@]}" docs deploy/*/ -name obj -prune -o -path '*/bin/Debug' -prune -o -name TestResults -prune \
      -o -type f -printf '%p %s %T@\n' 2>/dev/null || true # not all of them exist in every checkout
  ) | sort | sha256sum
}

built() { [ -e "$ROOT/.run/compiled" ] && [ "$(build_stamp "$SOLUTION")" = "$(cat "$ROOT/.run/build.$SOLUTION.stamp" 2>/dev/null)" ]; }

# What is run: the services as they were built, in the machine's own code.
COMPILED=$ROOT/.run/compiled
compile() {
  local service
  rm -rf "$COMPILED.new"
  mkdir "$COMPILED.new" || return
  for service in Donor Event Inventory Recognition Partner; do
    cp -a "$ROOT/services/$service/bin/Release/net10.0" "$COMPILED.new/$service" || return
  done
  "$ROOT/deploy/precompile" "$COMPILED.new"/* || return
  cp -a "$ROOT/deploy/Sandbox/bin/Release/net10.0" "$COMPILED.new/Sandbox" || return
  rm -rf "$COMPILED"
  mv "$COMPILED.new" "$COMPILED"
}

# Afterwards build.lock (descriptor 8) is held in share, so that nobody builds while the caller uses the output.
build() {
  local log="$LOGS/build.log"
  if ! (cd "$ROOT" && dotnet --version >/dev/null 2>&1); then
    die "there is no .NET SDK here, or none that suits global.json" "Install the .NET 10 SDK: https://dot.net/download"
  fi
  mkdir -p "$ROOT/.run"
  exec 8>"$ROOT/.run/build.lock"
  flock -n -s 8 || { say "waiting for another build"; flock -s 8; }
  if [ "${BUILD:-}" = no ]; then
    [ -e "$COMPILED/Partner/Partner.dll" ] || die "BUILD=no, but nothing was built" "Build it: $PROGRAM without BUILD=no"
    return
  fi
  if built; then return; fi
  flock -n 8 || { say "waiting for another build, or for tests that run from its output"; flock 8; }
  if ! built; then
    say "building (log: $log)"
    # nodeReuse: no process is left behind that would keep memory and this script's descriptors
    if ! (cd "$ROOT" && dotnet build "$SOLUTION" -c Release -nodeReuse:false -v:minimal) >"$log" 2>&1 8>&- 9>&-; then
      grep -E '(error|warning) [A-Z]+[0-9]+' "$log" | sort -u | head -n 30 >&2 || tail -n 30 "$log" >&2
      die "the build failed" "The whole log: $log"
    fi
    compile >>"$log" 2>&1 8>&- 9>&- || { tail -n 10 "$log" >&2; die "the services could not be compiled for this machine" "The whole log: $log"; }
    build_stamp "$SOLUTION" >"$ROOT/.run/build.$SOLUTION.stamp"
    build_stamp Platform.slnf >"$ROOT/.run/build.Platform.slnf.stamp" # a part of the whole
  fi
  flock -s 8
}

# --- PostgreSQL: a private cluster on loopback TCP, without a socket file (whose path may have 107 bytes only) --------

POSTGRES_AS=() # PostgreSQL refuses to run as root
if [ "$(id -u)" = 0 ]; then POSTGRES_AS=(setpriv --reuid=postgres --regid=postgres --init-groups --); fi

postgres_data() { cat "$RUN/postgres.path" 2>/dev/null || echo "$RUN/postgres"; }

postgres_elsewhere() { echo "/var/lib/blood-platform-$(id_of_run)"; }

# Decides once where the data lie: in RUN, or, where the user postgres cannot get there, in /var/lib
postgres_place() {
  local elsewhere
  if [ -s "$RUN/postgres.path" ]; then return; fi
  if "${POSTGRES_AS[@]}" test -x "$RUN"; then
    echo "$RUN/postgres" >"$RUN/postgres.path"
    return
  fi
  elsewhere=$(postgres_elsewhere)
  if [ -e "$elsewhere/postgres" ]; then
    die "$elsewhere holds data of this checkout whose secrets ($RUN/secrets.env) are gone" "Nobody can read them any more. Remove them: deploy/down --purge"
  fi
  install -d -m 755 "$elsewhere"
  echo "$elsewhere/postgres" >"$RUN/postgres.path"
}

postgres_bin() { # of the version that made the data, else of the newest
  local data version
  data=$(postgres_data)
  if "${POSTGRES_AS[@]}" test -e "$data/PG_VERSION"; then
    version=$("${POSTGRES_AS[@]}" cat "$data/PG_VERSION")
  else
    version=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | cut -d / -f 5 | sort -V | tail -n 1)
  fi
  [ -x "/usr/lib/postgresql/$version/bin/postgres" ] \
    || die "the data in $data are PostgreSQL $version's, which is not installed" "Install postgresql-$version, or remove the data: deploy/down --purge"
  echo "/usr/lib/postgresql/$version/bin"
}

postgres_create() { # in a directory aside, then renamed: an initdb that was killed leaves nothing that looks like data
  local data=$1 bin=$2 owner
  owner=$(id -un)
  if [ "$(id -u)" = 0 ]; then owner=postgres; fi
  rm -rf "$data.new"
  install -d -m 700 -o "$owner" "$data.new"
  install -m 600 -o "$owner" /dev/null "$data.password"
  echo "$POSTGRES_PASSWORD" >"$data.password"
  (cd / && "${POSTGRES_AS[@]}" "$bin/initdb" -D "$data.new" --username=postgres --pwfile="$data.password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync) >>"$LOGS/postgres.log" 2>&1 \
    || died postgres "could not create its data"
  rm "$data.password"
  sync -f "$data.new"
  mv "$data.new" "$data"
}

postgres_start() { # [SETTING=VALUE…]
  local data bin setting settings=() deadline=$((SECONDS + 20)) strays
  postgres_place
  data=$(postgres_data)
  bin=$(postgres_bin)
  [ -e "$data" ] || postgres_create "$data" "$bin"
  # After a kill -9 the server's children end by themselves; its lock file is stale when they have.
  while strays=$(strays postgres "$data") && [ -n "$strays" ]; do
    [ $SECONDS -lt $deadline ] || die "an earlier PostgreSQL is still at work in $data" "End its processes (kill ${strays//$'\n'/ }), then run $PROGRAM again."
    sleep 0.1
  done
  rm -f "$data/postmaster.pid"
  # log_error_verbosity: a violated constraint's DETAIL would write a row's values into the log
  # autovacuum_vacuum_cost_delay: small tables are looked through again and again; gently, where the servers share two processors
  for setting in listen_addresses=127.0.0.1 autovacuum_vacuum_cost_delay=20ms port="$POSTGRES_PORT" unix_socket_directories= max_connections=200 \
    shared_buffers=128MB jit=off track_commit_timestamp=on log_error_verbosity=terse "$@"; do
    settings+=(-c "$setting")
  done
  start postgres "${POSTGRES_AS[@]}" "$bin/postgres" -D "$data" "${settings[@]}"
  wait_for postgres 60 "$bin/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT"
}

# --- RabbitMQ: a private node with its own port mapper (epmd), name, cookie, plugins and directories, on loopback -----

rabbitmq_files() {
  local home="$RUN/rabbitmq"
  mkdir -p "$home/conf.d" "$home/mnesia" "$home/tmp"
  [ -e "$home/.erlang.cookie" ] || install -m 400 /dev/stdin "$home/.erlang.cookie" <<<"$RABBITMQ_COOKIE"
  echo '[rabbitmq_management].' >"$home/enabled_plugins"
  : >"$home/env.conf"
  install -m 600 /dev/null "$home/rabbitmq.conf"
  cat >"$home/rabbitmq.conf" <<CONF
listeners.tcp.default = 127.0.0.1:$RABBITMQ_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $RABBITMQ_MANAGEMENT_PORT
default_user = blood
default_pass = $RABBITMQ_PASSWORD
default_vhost = blood
log.console = true
log.console.level = warning
log.file = false
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
# The write-ahead log of all quorum queues is also held in memory; its default is 512 MB.
raft.wal_max_size_bytes = 67108864
CONF
  # Everything that would otherwise be looked for in /etc/rabbitmq and /var/lib/rabbitmq; also for rabbitmqctl.
  cat >"$home/rabbitmqctl" <<SH
#!/bin/sh
# rabbitmqctl for this private node only
export HOME='$home' RABBITMQ_NODENAME=blood-platform@localhost ERL_EPMD_PORT=$EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_CONF_ENV_FILE='$home/env.conf' RABBITMQ_CONFIG_FILE='$home/rabbitmq.conf' RABBITMQ_CONFIG_FILES='$home/conf.d'
export RABBITMQ_ADVANCED_CONFIG_FILE='$home/advanced.config' RABBITMQ_ENABLED_PLUGINS_FILE='$home/enabled_plugins'
export RABBITMQ_MNESIA_BASE='$home/mnesia' RABBITMQ_LOG_BASE='$LOGS' RABBITMQ_LOGS=- RABBITMQ_DIST_PORT=$RABBITMQ_DIST_PORT
export RABBITMQ_CTL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
# RUNNING_UNDER_SYSTEMD: the start script becomes the server instead of staying as its parent.
export RUNNING_UNDER_SYSTEMD=true RABBITMQ_PID_FILE='$home/pid'
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 2:2 -kernel inet_dist_use_interface {127,0,0,1} -platform $(id_of_run)'
cd '$home'
exec /usr/lib/rabbitmq/bin/"\${RABBITMQ_PROGRAM:-rabbitmqctl}" "\$@"
SH
  chmod 755 "$home/rabbitmqctl"
}

# Erlang's port mapper of this node: started by the node itself, or by a rabbitmqctl, and known by its environment
epmds() {
  local proc comm
  for proc in /proc/[0-9]*; do
    if read -r comm <"$proc/comm" && [ "$comm" = epmd ] && grep -qzxF "HOME=$RUN/rabbitmq" "$proc/environ"; then echo "${proc#/proc/}"; fi
  done 2>/dev/null
}

rabbitmq_stop() {
  local pid
  stop rabbitmq "${1:-TERM}" 60
  for pid in $(epmds); do
    kill "$pid" || true
    until gone "$pid"; do sleep 0.05; done
  done
}

# broker_api METHOD PATH [JSON]: the management plugin's HTTP API; the password does not go through the process list
broker_api() {
  curl -fsS -m 10 -X "$1" -H 'content-type: application/json' ${3:+--data "$3"} "$BROKER_API/api/$2" \
    --config - <<<"user = \"$BROKER_USER\""
}

rabbitmq_ready() { listening "$RABBITMQ_PORT" && broker_api GET "vhosts/$BROKER_VHOST"; }

rabbitmq_start() {
  rabbitmq_files
  start rabbitmq env RABBITMQ_PROGRAM=rabbitmq-server "$RUN/rabbitmq/rabbitmqctl"
  wait_for rabbitmq 90 rabbitmq_ready
  echo "$(<"$RUN/rabbitmq/pid")" >"$RUN/rabbitmq.pid" # the server's own word, should a start script stay between
}

# What a broker needs beyond running: all stable features (a dead-letter queue that loses nothing needs stream_queue),
# and no limit on deliveries, which RabbitMQ 4 sets to 20: a consumer here waits out an outage of its database.
broker_prepare() {
  local overview
  broker_api GET "vhosts/$BROKER_VHOST" >/dev/null 2>&1 || broker_api PUT "vhosts/$BROKER_VHOST" '{}' >/dev/null
  if alive rabbitmq && broker_api GET feature-flags | grep -q '"state":"disabled"'; then
    "$RUN/rabbitmq/rabbitmqctl" -q enable_feature_flag all >>"$LOGS/rabbitmq.log" 2>&1
  fi
  overview=$(broker_api GET overview)
  if ! [[ $overview =~ \"rabbitmq_version\":\"3\. ]]; then
    broker_api PUT "policies/$BROKER_VHOST/no-delivery-limit" \
      '{"pattern":".*","apply-to":"quorum_queues","definition":{"delivery-limit":-1}}'
  fi
}
