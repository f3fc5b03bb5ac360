// The first call of a newcomer to the sandbox in Node 18 or newer, without any package: a key of
// one's own, an entry, a question.
//
//   node docs/examples/first_call.mjs http://127.0.0.1:8001 my-key.pem
import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from "node:crypto";
import { writeFileSync } from "node:fs";

const [url, keyFile] = process.argv.slice(2);
const json = { "Content-Type": "application/json" };
const digestOf = (body) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;

function stop(why) {
  console.error(`Not done. ${why}`);
  process.exit(1);
}

// 1. A key: the private half stays in the file, the public half is registered.
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });

// 2. A proof that the key is yours: a JWS by it over its thumbprint (RFC 7638) and the time.
const jwk = publicKey.export({ format: "jwk" });
const base64url = (object) => Buffer.from(JSON.stringify(object)).toString("base64url");
const thumbprint = createHash("sha256").update(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x }));
const proven =
  base64url({ typ: "mirab-key-proof+jwt", alg: "EdDSA" }) +
  `.${base64url({ sub: "sandbox", jkt: thumbprint.digest("base64url"), iat: Math.floor(Date.now() / 1000) })}`;
const proof = `${proven}.${sign(null, Buffer.from(proven), privateKey).toString("base64url")}`;

// 3. An entry in the register, for a month. What it may do is told.
const entry = await fetch(`${url}/sandbox/agencies`, {
  method: "POST",
  headers: json,
  body: JSON.stringify({ name: "First call in Node", jwk, proof }),
});
if (entry.status !== 201) stop(await entry.text());
const agency = await entry.json();
console.log(`You are ${agency.code}, your key is ${agency.key_id}, until ${agency.until}.`);

// 4. A question, signed by RFC 9421: these lines are the signature base, without one at its end.
const target = `${url}/v1/inquiry/ask`;
const body = JSON.stringify({ key_kind: "national_id", key: "9905251782", purpose: "fuel_quota" });
const now = Math.floor(Date.now() / 1000);
const covers = '("@method" "@target-uri" "content-digest" "content-type")';
const params =
  `${covers};created=${now};expires=${now + 120};nonce="${randomUUID()}"` +
  `;keyid="${agency.key_id}";alg="ed25519";tag="mirab"`;
const base = [
  '"@method": POST',
  `"@target-uri": ${target}`,
  `"content-digest": ${digestOf(body)}`,
  '"content-type": application/json',
  `"@signature-params": ${params}`,
].join("\n");
const signature = `mirab=:${sign(null, Buffer.from(base), privateKey).toString("base64")}:`;
const answer = await fetch(target, {
  method: "POST",
  headers: {
    ...json,
    "Content-Digest": digestOf(body),
    "Signature-Input": `mirab=${params}`,
    Signature: signature,
  },
  body,
});
const told = Buffer.from(await answer.arrayBuffer());

// 5. The answer is believed only if Mirab's key signed it, as the answer to this very question.
const head = (name) => answer.headers.get(name) ?? "";
const answered = head("signature-input").replace(/^mirab=/, "");
const receipt = head("mirab-receipt"); // the promise of a receipt, where the answer has one
const covered =
  '("@status" "content-type" "content-digest" "@method";req "@target-uri";req "content-digest";req "signature";req' +
  `${receipt && ' "mirab-receipt"'})`;
const keyid = /;keyid="([^"]+)"/.exec(answered)?.[1];
const { keys } = await (await fetch(`${url}/.well-known/jwks.json`)).json();
const serverKey = keys.find((key) => key.kid === keyid);
const isProven =
  serverKey !== undefined &&
  answered.startsWith(`${covered};`) &&
  head("content-digest") === digestOf(told) &&
  verify(
    null,
    Buffer.from(
      [
        `"@status": ${answer.status}`,
        `"content-type": ${head("content-type")}`,
        `"content-digest": ${head("content-digest")}`,
        '"@method";req: POST',
        `"@target-uri";req: ${target}`,
        `"content-digest";req: ${digestOf(body)}`,
        `"signature";req: ${signature}`,
        ...(receipt ? [`"mirab-receipt": ${receipt}`] : []),
        `"@signature-params": ${answered}`,
      ].join("\n"),
    ),
    createPublicKey({ key: serverKey, format: "jwk" }),
    Buffer.from(/:(.*):/.exec(head("signature"))[1], "base64"),
  );
if (!isProven) stop("The answer is not proven to be Mirab's; do not use it.");
if (!answer.ok) stop(told.toString());
console.log(JSON.stringify(JSON.parse(told), null, 1));
