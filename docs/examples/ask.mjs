// One question in Node 18, without any package: a request signed by RFC 9421 with a key of yours.
// first_call.mjs makes such a key, and proves the answer, too.
//
//   node docs/examples/ask.mjs http://127.0.0.1:8001 my-key.pem my-key-id
import { createHash, createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [base, file, keyid] = process.argv.slice(2);
const url = `${base}/v1/inquiry/ask`;
const body = JSON.stringify({ key_kind: 'national_id', key: '9905251782', purpose: 'fuel_quota' });
const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
const now = Math.floor(Date.now() / 1000);
const params = `("@method" "@target-uri" "content-digest" "content-type");created=${now};expires=${now + 120};nonce="${randomUUID()}";keyid="${keyid}";alg="ed25519";tag="mirab"`;
const signed = ['"@method": POST', `"@target-uri": ${url}`, `"content-digest": ${digest}`, '"content-type": application/json', `"@signature-params": ${params}`].join('\n');
const signature = sign(null, Buffer.from(signed), createPrivateKey(readFileSync(file))).toString('base64');
const headers = { 'Content-Type': 'application/json', 'Content-Digest': digest, 'Signature-Input': `mirab=${params}`, Signature: `mirab=:${signature}:` };
console.log(await (await fetch(url, { method: 'POST', body, headers })).text());
