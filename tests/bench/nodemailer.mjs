// A pooled nodemailer: node nodemailer.mjs PORT MESSAGES CONNECTIONS BODY_FILE [KEY.pem]. Prints messages per second.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../browser/package.json", import.meta.url));
const nodemailer = require("nodemailer");
const [port, count, connections, body, key] = process.argv.slice(2);
const text = readFileSync(body, "utf8");
const html = text.split("\n\n").map((line) => `<p>${line}</p>`).join("\n");
const dkim = key ? { domainName: "example.org", keySelector: "bench", privateKey: readFileSync(key, "utf8") } : undefined;
const transport = nodemailer.createTransport({
	pool: true, host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true,
	maxConnections: Number(connections), maxMessages: Infinity, dkim,
});
let next = 0;
const begin = performance.now();
// No more at a time than keep its connections busy.
const worker = async () => {
	while (next < Number(count)) {
		const n = next++;
		await transport.sendMail({
			from: "Example News <news@example.org>", to: `reader${n}@example.org`, subject: "Storks over the café",
			text: `Dear Réader Number ${n},\n\n${text}`, html: `<p>Dear Réader Number ${n},</p>\n${html}`,
			headers: { "List-Unsubscribe": `<https://news.example.org/u/${n}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
		});
	}
};
await Promise.all(Array.from({ length: 2 * Number(connections) }, worker));
console.log((Number(count) / ((performance.now() - begin) / 1000)).toFixed(0));
transport.close();
