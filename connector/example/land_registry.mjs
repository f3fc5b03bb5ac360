// The same land registry in Node, with amqplib and nothing of Mirab's: npm install amqplib
//   AMQP_URL=amqps://agency.land-registry:PASSWORD@bus.example/agency.land-registry node land_registry.mjs
// PARCELS_FILE names a CSV of parcel_no,file_no; NODE_EXTRA_CA_CERTS the broker's authority. With
// HEARS=1 it hears what stands in its queue too.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
const amqp = createRequire(process.cwd() + "/")("amqplib");

const code = "land-registry";
const url = process.env.AMQP_URL;
const user = decodeURIComponent(new URL(url).username);
const contract = "land_registry.sources_of_parcel.v1";
const loaded = "inquiry.registry_loaded.v1";
const events = `agency.${code}.events`;
const answerContract = "inquiry.take_sources_of_parcel.v1";
const parcels = process.env.PARCELS_FILE ?? new URL("parcels.csv", import.meta.url);

async function sourcesOf({ parcel_no }) {
  const lines = (await readFile(parcels, "utf8")).trim().split(/\r?\n/).slice(1);
  const rows = lines.map((line) => line.split(",")).filter(([parcel]) => parcel === parcel_no);
  if (!rows.length) return refusal("NotFound", "parcel.unknown", "There is no such parcel.");
  return { result: { file_nos: rows.map(([, file]) => file).filter(Boolean) } };
}

const refusal = (kind, code, message) => ({ error: { kind, code, message, fields: [], details: {} } });

async function answerTo(question) {
  if (question.properties.headers["ce-type"] !== contract)
    return refusal("ContractError", "contract.unknown", "That contract is not served here.");
  try {
    return await sourcesOf(JSON.parse(question.content));
  } catch (error) {
    console.error(error); // only here: who asks learns nothing of our inside
    return refusal("Internal", "internal", "We failed to answer.");
  }
}

// One more than the last, or it came before; what is missing stands in the feed (agencies.feed.v1).
let last = 0;
function heard({ properties: { headers }, content }) {
  const sequence = Number(headers["ce-sequence"]);
  if (sequence <= last) return;
  if (last && sequence > last + 1) console.error(`missed ${last + 1} to ${sequence - 1}`);
  last = sequence;
  const type = headers["ce-type"];
  const what = type === loaded ? `version ${JSON.parse(content).data_version}` : "noted";
  console.log(`heard ${type} ${sequence}: ${what}`);
}

async function serve(stopped) {
  const connection = await amqp.connect(url, { heartbeat: 20 });
  const lost = new Promise((resolve) => connection.on("close", resolve).on("error", resolve));
  const channel = await connection.createConfirmChannel();
  channel.on("error", (error) => { console.error(error.message); connection.close().catch(() => {}); });
  await channel.prefetch(8);
  await channel.consume(`agency.${code}.commands`, async (question) => {
    if (!question) return;
    const id = question.properties.messageId;
    const answer = Buffer.from(JSON.stringify(await answerTo(question)));
    channel.publish(`agency.${code}.in`, answerContract, answer, {
      userId: user, correlationId: id, contentType: "application/json", persistent: true,
      messageId: createHash("sha256").update(id).digest("hex"), mandatory: true,
    }, (refused) => (refused ? channel.nack(question) : channel.ack(question)));
  });
  if (process.env.HEARS)
    await channel.consume(events, (event) => event && (heard(event), channel.ack(event)));
  console.log("serving", contract);
  await Promise.race([lost, stopped]);
  await connection.close().catch(() => {});
}

let stop;
const stopped = new Promise((resolve) => (stop = () => resolve("stopped")));
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
for (let pause = 500, done; done !== "stopped"; pause = Math.min(pause * 2, 30000)) {
  await serve(stopped).then(() => (pause = 500), (error) => console.error(error.message));
  done = await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, pause))]);
}
