// One question in Go, with its standard library: a request signed by RFC 9421 with a key of yours.
//
//	go run docs/examples/ask.go http://127.0.0.1:8001 my-key.pem my-key-id
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	url, body := os.Args[1]+"/v1/inquiry/ask", `{"key_kind":"national_id","key":"9905251782","purpose":"fuel_quota"}`
	file := must(os.ReadFile(os.Args[2]))
	block, _ := pem.Decode(file)
	key := must(x509.ParsePKCS8PrivateKey(block.Bytes)).(ed25519.PrivateKey)
	hash, now := sha256.Sum256([]byte(body)), time.Now()
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(hash[:]) + ":"
	params := fmt.Sprintf(`("@method" "@target-uri" "content-digest" "content-type");created=%d;expires=%d;nonce="%d-%d";keyid="%s";alg="ed25519";tag="mirab"`, now.Unix(), now.Unix()+120, now.UnixNano(), os.Getpid(), os.Args[3])
	base := fmt.Sprintf("\"@method\": POST\n\"@target-uri\": %s\n\"content-digest\": %s\n\"content-type\": application/json\n\"@signature-params\": %s", url, digest, params)
	request := must(http.NewRequest("POST", url, strings.NewReader(body)))
	request.Header = http.Header{"Content-Type": {"application/json"}, "Content-Digest": {digest}, "Signature-Input": {"mirab=" + params},
		"Signature": {"mirab=:" + base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(base))) + ":"}}
	fmt.Println(string(must(io.ReadAll(must(http.DefaultClient.Do(request)).Body))))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
