// Mails in a real browser: every template with every post at 600 and 320 px, in light and dark, beside the reference pictures; and what
// html-validate, axe-core and doiuse-email say of them. Run by mail_test.py, which has written MAILS/TEMPLATE-POST.html.
// SCREENS=DIR keeps every picture; UPDATE=1 writes the reference pictures anew: look at them before they are committed.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { doIUseEmail } from "@jsx-email/doiuse-email";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const { MAILS, CHROMIUM, SCREENS, UPDATE } = process.env;
const REFERENCE = path.join(path.dirname(fileURLToPath(import.meta.url)), "reference");
const SHOWN_PX = 1400; // of a mail's height, in the pictures
const names = fs.readdirSync(MAILS).filter((name) => name.endsWith(".html")).map((name) => name.slice(0, -5)).sort();
const html = Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(MAILS, `${name}.html`), "utf8")]));
const browser = await chromium.launch({
	executablePath: CHROMIUM,
	args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--font-render-hinting=none", "--disable-lcd-text"],
});
let failed = 0;

async function test(name, body) {
	try {
		await body();
		console.log(`ok ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${name}\n${error.stack}`);
	}
}

// A drawing of the size that the address asks for: /name-1200x600.png. No mail of a test reaches the world.
function picture(url) {
	const [, name, width, height] = new URL(url).pathname.match(/\/(.*)-(\d+)x(\d+)\./) ?? [, "?", 600, 300];
	const hue = [...name].reduce((sum, c) => sum + c.charCodeAt(0) * 7, 0) % 360;
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 120 ${(120 * height) / width}" preserveAspectRatio="none">
<rect width="120" height="200" fill="hsl(${hue} 35% 62%)"/><circle cx="88" cy="18" r="11" fill="hsl(${hue + 40} 70% 82%)"/>
<path d="M0 60 L30 32 L52 50 L78 24 L120 58 V200 H0 Z" fill="hsl(${hue} 40% 34%)"/></svg>`;
}

async function open(name) {
	const page = await browser.newPage({ bypassCSP: true });
	await page.route("**/*", (route) => {
		const url = route.request().url();
		if (url.startsWith("file:")) return route.continue();
		return url.includes("pictures.example") ? route.fulfill({ contentType: "image/svg+xml", body: picture(url) }) : route.abort();
	});
	await page.goto(`file://${path.join(MAILS, name)}.html`);
	return page;
}

// One page a mail, looked at in every way: its pictures, how wide it is, what axe finds.
const shots = {};
const found = [];
for (const name of names) {
	const page = await open(name);
	for (const scheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme: scheme });
		for (const width of [600, 320]) {
			await page.setViewportSize({ width, height: 800 });
			await page.waitForFunction((wide) => window.innerWidth === wide, width); // on a busy machine it comes late
			const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
			if (size[0] > width) found.push(`${name} at ${width} px is ${size[0]} wide`);
			const height = Math.min(size[1], SHOWN_PX);
			const shot = await page.screenshot({ clip: { x: 0, y: 0, width, height }, fullPage: true });
			shots[`${name}-${width}-${scheme}`] = { shot, width, height };
			if (SCREENS) fs.writeFileSync(path.join(SCREENS, `${name}-${width}-${scheme}.png`), shot);
		}
		if (name.endsWith("-long")) continue; // 90 KB of the same paragraphs take axe half a minute
		await page.evaluate(axe.source);
		const result = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
			// A mail is no page: it has no landmarks, and the reader's program is its main.
			rules: { region: { enabled: false }, "landmark-one-main": { enabled: false } } }));
		if (!result.passes.some((rule) => rule.id === "color-contrast")) found.push(`${name} ${scheme}: axe measured no contrast`);
		for (const rule of result.violations) found.push(`${name} ${scheme} ${rule.id}: ${rule.nodes[0].html}`);
	}
	await page.close();
}

await test("nothing_is_wider_than_its_screen_and_axe_finds_no_fault", () => assert.deepEqual(found, []));

// A sheet a template and scheme: its mails at both widths, side by side.
const WIDE = 200, NARROW = 107, HIGH = 440;
async function sheet(template, scheme) {
	const cells = names.filter((name) => name.startsWith(`${template}-`)).flatMap((name) => [600, 320].map((width) => shots[`${name}-${width}-${scheme}`]));
	const page = await browser.newPage({ viewport: { width: (cells.length / 2) * (WIDE + NARROW + 2), height: HIGH } });
	await page.setContent(`<body style="margin:0;display:flex;align-items:flex-start;background:#888">${cells.map(({ shot, width }) =>
		`<div style="flex:none;height:${HIGH}px;width:${width === 600 ? WIDE : NARROW}px;margin-right:1px;overflow:hidden"><img style="width:100%;display:block" src="data:image/png;base64,${shot.toString("base64")}"></div>`).join("")}`);
	await page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth));
	const picture = await page.screenshot();
	await page.close();
	return picture;
}

// How far apart two pictures are, from 0 to 255 a point, each point blurred with its neighbours: fonts are not the same everywhere.
async function distance(a, b) {
	const page = await browser.newPage();
	const mean = await page.evaluate(async (pictures) => {
		const data = [];
		for (const base64 of pictures) {
			const image = new Image();
			image.src = `data:image/png;base64,${base64}`;
			await image.decode();
			const canvas = new OffscreenCanvas(image.naturalWidth / 4, image.naturalHeight / 4);
			const context = canvas.getContext("2d");
			context.imageSmoothingQuality = "high";
			context.drawImage(image, 0, 0, canvas.width, canvas.height);
			data.push(context.getImageData(0, 0, canvas.width, canvas.height).data);
		}
		if (data[0].length !== data[1].length) return 255;
		let sum = 0;
		for (let i = 0; i < data[0].length; i++) sum += Math.abs(data[0][i] - data[1][i]);
		return sum / ((data[0].length * 3) / 4);
	}, [a.toString("base64"), b.toString("base64")]);
	await page.close();
	return mean;
}

const sheets = {};
for (const template of ["letter", "news", "digest"])
	for (const scheme of ["light", "dark"]) sheets[`${template}-${scheme}`] = await sheet(template, scheme);

if (UPDATE) {
	fs.mkdirSync(REFERENCE, { recursive: true });
	for (const name in sheets) fs.writeFileSync(path.join(REFERENCE, `${name}.png`), sheets[name]);
}

for (const name in sheets)
	await test(`${name}_looks_as_it_did`, async () => {
		const reference = fs.readFileSync(path.join(REFERENCE, `${name}.png`));
		if (SCREENS) fs.writeFileSync(path.join(SCREENS, `sheet-${name}.png`), sheets[name]);
		const mean = await distance(sheets[name], reference);
		assert.ok(mean < 8, `${mean.toFixed(1)} of 255 apart: look at it with SCREENS=DIR, and write it anew with UPDATE=1 if it is right`);
		// The measure sees a change: another template is further away.
		const other = name.replace(/^\w+/, (template) => (template === "letter" ? "news" : "letter"));
		assert.ok(await distance(sheets[other], reference) > 8, "the measure sees nothing");
	});

// What a mail does and a page would not.
const validate = new HtmlValidate({
	extends: ["html-validate:recommended"],
	rules: {
		"no-deprecated-attr": "off", // width, bgcolor, cellpadding: Word reads attributes, no styles
		"no-inline-style": "off", // the only styles that Gmail's apps read
		"no-conditional-comment": "off", // the only way to speak to Outlook alone
		"prefer-native-element": "off", // <article> is taken out by Yahoo, a role is not
		"prefer-tbody": "off", // layout tables
		"void-style": "off",
		"long-title": "off", // the subject is the editor's
		"no-trailing-whitespace": "off",
		"doctype-style": "off",
		"text-content": "off",
	},
});

await test("html_validate_finds_no_fault", async () => {
	for (const name of names) {
		const report = await validate.validateString(html[name]);
		const messages = report.results.flatMap((result) => result.messages.map((m) => `${name}:${m.line} ${m.ruleId}: ${m.message}`));
		assert.deepEqual(messages, []);
	}
	assert.ok(!(await validate.validateString("<p><b></p><img>")).valid, "the validator sees nothing");
});

// What some programs leave out, and why it may be left out: everything else is a fault.
const MAY_BE_LOST = {
	"Type selector": "<style> only improves: what matters stands in style=",
	"Class selector": "as above",
	"Descendant combinator": "as above: [data-ogsc] for Outlook.com, which knows it",
	"Attribute selector": "as above; x-apple-data-detectors is Apple's own",
	"@media": "as above: narrow screens and dark mode where they are read",
	"<body> element": "becomes a div: a table with the same colour stands within it",
	"aria-label attribute": "Yahoo takes it out; the heading says the same",
	"display:none": "the preheader is seen by Gmail's mobile webmail for other accounts: it is a sentence, and harmless",
	"overflow": "wide tables are cut or widen the mail there; the preheader is hidden by display:none besides",
	"word-break": "Yahoo breaks long words by itself",
	"overflow-wrap": "stands beside word-break for browsers",
	"border-radius": "decoration",
	"white-space": "code has <br> and &nbsp; written out",
};

await test("doiuse_email_finds_only_what_may_be_lost", () => {
	const clients = ["gmail.*", "outlook.windows", "outlook.outlook-com", "outlook.ios", "outlook.android", "apple-mail.*", "yahoo.*", "samsung-email.*"];
	const lost = (text) => new Set((doIUseEmail(text, { emailClients: clients }).errors ?? []).map((m) => m.match(/^`(.*)` is not supported/)[1]));
	for (const name of names) {
		const unexplained = [...lost(html[name])].filter((feature) => !(feature in MAY_BE_LOST));
		assert.deepEqual(unexplained, [], name);
	}
	assert.ok(lost('<div style="position:absolute;display:flex">x</div>').size > 0, "doiuse-email sees nothing");
});

await test("the_rules_that_no_tool_knows", () => {
	for (const name of names) {
		const text = html[name];
		const body = text.slice(text.indexOf("<body"));
		assert.ok(Buffer.byteLength(text) < 102400, `${name}: Gmail would clip it`);
		assert.equal(text.match(/<h1[\s>]/g).length, 1, `${name}: one h1`);
		assert.equal(text.match(/<!--\[if/g).length, text.match(/<!\[endif\]-->/g).length, `${name}: conditional comments`);
		for (const [table] of text.matchAll(/<table[^>]*>/g)) assert.match(table, /cellpadding="0" cellspacing="0" border="0"/, name);
		for (const [image] of text.matchAll(/<img[^>]*>/g)) assert.match(image, /alt="/, name);
		assert.ok(text.match(/<style>[^]*?<\/style>/g).every((block) => block.length < 8192), `${name}: style blocks`);
		assert.doesNotMatch(text, /position:|float:|display:(flex|grid)|@import|var\(|\drem\b|<(script|form|iframe|svg|video|link|base)\b/, name);
		assert.match(body, /^<body[^>]*>\s*<div role="article"[^>]*lang="\w+" dir="(ltr|rtl)">\s*<div style="display:none/, `${name}: the preheader is first`);
		assert.ok(body.includes("/u/") && body.includes("/v/") && body.includes("ann.lee@reader.example"), `${name}: footer`);
	}
});

await test("a post in another language keeps its own direction, and its date the mail's", () => {
	const text = html["digest-several"];
	assert.match(text, /<div lang="he" dir="rtl"[^>]*>\s*<h2/);
	assert.match(text, /<p class="sf" lang="en" dir="ltr" style="text-align:right[^>]*>[^<]*<span dir="ltr">18 November 2026<\/span>/);
});

await browser.close();
process.exit(failed ? 1 : 0);
