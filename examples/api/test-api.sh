#!/usr/bin/env bash
# Nine checks of parameters and authentication with curl. All of them are
# refused, so nothing is charged. Exit code: 0 when all pass, 1 otherwise.
set -u

: "${SEEDANCE_API_URL:?set it to the base URL, such as http://127.0.0.1:8090/api/v1}"
: "${SEEDANCE_API_KEY:?set it to the key that the sandbox prints at its start}"

passed=0
failed=0
good='{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"a fox","resolution":"1280x720","duration":"5s"}}'

# check NAME STATUS MESSAGE KEY METHOD PATH [BODY]
# KEY "-" sends no Authorization header. MESSAGE is looked for in the answer.
check() {
  local name=$1 status=$2 message=$3 key=$4 method=$5 path=$6 body=${7-}
  local options=(--silent --show-error --max-time 30 --request "$method" --write-out '\n%{http_code}')
  [ "$key" = - ] || options+=(--header "Authorization: Bearer $key")
  [ -z "$body" ] || options+=(--header 'Content-Type: application/json' --data "$body")

  local answer got text
  answer=$(curl "${options[@]}" "${SEEDANCE_API_URL%/}$path" 2>&1)
  got=${answer##*$'\n'}
  text=${answer%$'\n'*}
  if [ "$got" = "$status" ] && [[ $text == *"$message"* ]]; then
    passed=$((passed + 1))
    printf 'PASS  %-34s %s %s\n' "$name" "$got" "$message"
  else
    failed=$((failed + 1))
    printf 'FAIL  %-34s want %s %s, got %s %.200s\n' "$name" "$status" "$message" "$got" "$text"
  fi
}

key=$SEEDANCE_API_KEY
create='POST /jobs/createTask'

echo "Authentication"
check "no key"                    401 "Missing Authorization header" -      $create "$good"
check "an unknown key"            401 "Invalid API Key"  sk-test-not-a-real-key $create "$good"

echo "createTask"
check "no JSON"                   400 "Invalid request parameters"   "$key" $create 'prompt=fox'
check "no inputs"                 400 "Invalid request parameters"   "$key" $create '{"model":"wan22-video-generation"}'
check "the tool id as model"      400 "Unsupported NewAPI workflow: seedance20-video-generation" "$key" $create "${good/wan22/seedance20}"
check "no prompt"                 400 "Invalid inputs for model"     "$key" $create "${good/\"prompt\":\"a fox\",/}"
check "a duration of 3 s"         400 "Invalid inputs for model"     "$key" $create "${good/5s/3s}"

echo "recordInfo"
check "no taskId"                 400 "Missing taskId parameter"     "$key" GET /jobs/recordInfo
check "an unknown task"           404 "Task not found"               "$key" GET '/jobs/recordInfo?taskId=task_000000000000000000000000'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
