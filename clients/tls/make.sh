#!/usr/bin/env bash
# Makes the certificates of the tests anew: an authority, a server on this machine that it vouches for, and a client.
# They are good for a hundred years and for nothing but tests, since everybody has their keys.
set -euo pipefail
cd "$(dirname "$0")"

days=36500
curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${curve[@]}" -days $days -subj "/CN=Tidewheel's tests" -keyout authority-key.pem -out authority.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
certify() {
  openssl req "${curve[@]}" -subj "/CN=$1" -keyout "$1-key.pem" -out request.pem
  printf '%s\n' basicConstraints=critical,CA:FALSE subjectKeyIdentifier=hash authorityKeyIdentifier=keyid "${@:2}" >extensions
  openssl x509 -req -in request.pem -CA authority.pem -CAkey authority-key.pem -CAcreateserial -days $days \
    -extfile extensions -out "$1.pem"
}
certify server subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth
certify client extendedKeyUsage=clientAuth
rm -f authority-key.pem authority.srl request.pem extensions
