// Reads JSON lines {"name","html"} from standard input and lets DOMPurify look for anything to remove. Prints a line for each find.
import createDOMPurify from "dompurify";
import { JSDOM } from "jsdom";
import readline from "node:readline";

const purify = createDOMPurify(new JSDOM("").window);
let bodies = 0;
let control = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
	const { name, html } = JSON.parse(line);
	purify.sanitize(html);
	if (name === "control") {
		control = purify.removed.length;
		continue;
	}
	bodies++;
	for (const found of purify.removed) {
		const what = found.element ? found.element.outerHTML || found.element.textContent : `${found.attribute?.name}="${found.attribute?.value}" of ${found.from?.outerHTML}`;
		console.log(`${name}: ${String(what).slice(0, 300)}`);
	}
}
console.log(`bodies=${bodies} control=${control}`);
