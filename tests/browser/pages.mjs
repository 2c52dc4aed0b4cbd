// What a reader does on the pages, in a real browser: by clicking, with and without JavaScript, on a narrow screen, in light and in dark.
// Run by pages_test.py. SCREENS=DIR keeps pictures of every page.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import axe from "axe-core";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const { SITE, MAILS, CHROMIUM, SCREENS } = process.env;
const HAND_MS = 2500; // no faster than a hand fills in a form
const WIDTH = 320;
const validate = new HtmlValidate({
	extends: ["html-validate:recommended"],
	rules: { "no-trailing-whitespace": "off", "void-style": "off", "attr-quotes": "off", "long-title": "off", "doctype-style": "off" },
});
const browser = await chromium.launch({
	executablePath: CHROMIUM,
	args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
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

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function mailTo(address) {
	const file = path.join(MAILS, address);
	for (let i = 0; i < 200 && !fs.existsSync(file); i++) await pause(100);
	return fs.readFileSync(file, "latin1").replace(/=\r\n/g, "").replace(/=3D/g, "=");
}

async function link(address, kind) {
	return (await mailTo(address)).match(new RegExp(`${SITE}/${kind}/[A-Za-z0-9_-]+`))[0];
}

// On a busy machine the page learns of its size a while after it was told.
async function resize(page, size) {
	await page.setViewportSize(size);
	await page.waitForFunction((width) => window.innerWidth === width, size.width);
}

// Every page that the tests come upon, looked at in one place.
const seen = new Set();
async function look(page, name) {
	seen.add(name);
	const size = page.viewportSize();
	const found = [];
	await page.waitForLoadState();
	for (const scheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme: scheme });
		await resize(page, { width: 800, height: 700 });
		if (SCREENS) await page.screenshot({ path: path.join(SCREENS, `${name}-${scheme}.png`) });
		await page.evaluate(axe.source);
		const result = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
		assert.ok(result.passes.some((rule) => rule.id === "color-contrast"), `${name}: axe measured no contrast`);
		for (const rule of [...result.violations]) found.push(`${scheme} ${rule.id}: ${rule.nodes[0].html}`);
		await resize(page, { width: WIDTH, height: 640 });
		if (SCREENS) await page.screenshot({ path: path.join(SCREENS, `${name}-${scheme}-narrow.png`), fullPage: true });
		const width = await page.evaluate(() => document.documentElement.scrollWidth);
		if (width > WIDTH) found.push(`${WIDTH} px: ${width} wide`);
	}
	await page.setViewportSize(size);
	assert.deepEqual(found, [], `${name}: ${found.join("; ")}`);
}

// A page as a reader opens it. With `watched` axe may be put into it, which the pages' own policy forbids.
async function open({ scripts = true, watched = false } = {}) {
	const context = await browser.newContext({ javaScriptEnabled: scripts, bypassCSP: watched, viewport: { width: 800, height: 700 } });
	const page = await context.newPage();
	const complaints = [];
	page.on("console", (line) => line.type() === "error" && !/status of 4\d\d/.test(line.text()) && complaints.push(line.text()));
	page.on("response", async (reply) => {
		if (!(reply.headers()["content-type"] || "").startsWith("text/html") || reply.url().includes("/v/")) return;
		const text = reply.status() === 304 ? null : await reply.text().catch(() => null); // left before it was read: seen another time
		if (text === null) return;
		const report = await validate.validateString(text);
		for (const file of report.results) for (const fault of file.messages) complaints.push(`${reply.url()}:${fault.line} ${fault.ruleId}: ${fault.message}`);
	});
	return { page, complaints, close: () => context.close() };
}

const heading = (page) => page.locator("h1").innerText();

async function joins(address, options) {
	const { page, complaints, close } = await open(options);
	const watch = (name) => options.watched && look(page, name);
	await page.goto(`${SITE}/news`);
	await watch("list");
	await page.getByLabel("Your e-mail address").fill(address);
	await page.getByLabel("Your name").fill("Zoë Ångström");
	await pause(HAND_MS);
	await page.getByRole("button", { name: "Subscribe to Example News" }).click();
	assert.equal(await heading(page), "Look into your mailbox");
	await watch("look-into-your-mailbox");
	await page.goto(await link(address, "c"));
	assert.match(await page.locator("main").innerText(), new RegExp(address));
	await watch("confirm");
	await page.getByRole("button").click();
	assert.equal(await heading(page), "You are subscribed");
	await watch("confirmed");
	assert.deepEqual(complaints, []);
	await close();
}

async function leaves(address, options) {
	const { page, complaints, close } = await open(options);
	const watch = (name) => options.watched && look(page, name);
	await page.goto(await link(address, "u"));
	assert.match(await heading(page), /Leave Example News/);
	await watch("leave");
	await page.getByRole("button", { name: "Unsubscribe" }).click();
	assert.equal(await heading(page), "You are unsubscribed");
	assert.match(await page.locator("main").innerText(), /Example News will no longer be sent to you.*effective now/s);
	await watch("left");
	await page.getByRole("button", { name: /mistake/ }).click();
	assert.equal(await heading(page), "You are subscribed again");
	await watch("again");
	assert.deepEqual(complaints, []);
	await close();
}

await test("a reader joins by clicking, and every page is accessible", () => joins("zoe@reader.test", { watched: true }));
await test("a reader joins without JavaScript", () => joins("noscript@reader.test", { scripts: false }));
await test("a reader joins under the pages' own policy", () => joins("strict@reader.test", {}));
await test("a reader leaves by clicking, and comes back", () => leaves("r0@reader.test", { watched: true }));
await test("a reader leaves without JavaScript", () => leaves("r1@reader.test", { scripts: false }));

await test("a wrong address is said at the field, which has the focus", async () => {
	const { page, complaints, close } = await open({ watched: true });
	await page.goto(`${SITE}/news`);
	await page.getByLabel("Your e-mail address").fill("no address");
	await pause(HAND_MS);
	await page.getByRole("button").click();
	const field = page.getByLabel("Your e-mail address");
	assert.equal(await field.inputValue(), "no address");
	assert.equal(await field.getAttribute("aria-invalid"), "true");
	assert.ok(await field.evaluate((e) => e === document.activeElement), "the focus is elsewhere");
	assert.match(await page.getByRole("alert").innerText(), /check it/);
	await look(page, "wrong");
	assert.deepEqual(complaints, []);
	await close();
});

await test("the other pages are accessible too, and hold what is long", async () => {
	const { page, complaints, close } = await open({ watched: true });
	for (const [name, where] of [["index", "/"], ["long", "/long"], ["hebrew", "/hebrew"], ["neutral", "/u/x"], ["nothing", "/no-such-page"]]) {
		await page.goto(SITE + where);
		await look(page, name);
	}
	assert.deepEqual(complaints, []);
	await close();
});

// A picture of the world, in its place: no page of a test reaches out.
const DRAWING = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="700"><rect width="1200" height="700" fill="#5b7"/></svg>`;

await test("the archive is read from the list on, and is accessible", async () => {
	const { page, complaints, close } = await open({ watched: true });
	const outside = [];
	await page.route((url) => !url.href.startsWith(SITE), (route) => {
		outside.push(route.request().url());
		return route.fulfill({ contentType: "image/svg+xml", body: DRAWING });
	});
	const issues = { news: ["Storks over the café", "Nine lamps and a lighthouse", "How the tide table is made"], hebrew: ["הנמל מתעורר"] };
	for (const list in issues)
		for (const title of issues[list]) {
			await page.goto(`${SITE}/${list}`);
			await look(page, `archive-${list}`);
			await page.getByRole("listitem").getByRole("link", { name: title }).click();
			assert.match(await heading(page), new RegExp(title));
			await look(page, `post-${list}-${issues[list].indexOf(title)}`);
			assert.equal(await page.locator("h1").count(), 1);
			assert.equal(await page.locator("main").evaluate((e) => getComputedStyle(e).maxWidth), "576px", "the style is not there");
			await page.locator(".brand a").click();
			assert.equal(new URL(page.url()).pathname, `/${list}`);
		}
	assert.ok(outside.length > 3 && outside.every((url) => url.startsWith("https://pictures.example/")), `${outside}`);
	assert.deepEqual(complaints, []);
	await close();
});

await test("an issue is read under its own policy, and nothing runs in it", async () => {
	const { page, close } = await open();
	await page.route((url) => !url.href.startsWith(SITE), (route) => route.fulfill({ contentType: "image/svg+xml", body: DRAWING }));
	await page.goto(`${SITE}/news`);
	await page.getByRole("link", { name: "Nine lamps" }).click();
	assert.ok(await page.locator(".post img").first().evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), "no picture");
	await close();
});

await test("the keyboard is enough", async () => {
	const { page, close } = await open();
	await page.goto(`${SITE}/news`);
	const order = [];
	for (let i = 0; i < 5; i++) {
		await page.keyboard.press("Tab");
		order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName));
	}
	assert.deepEqual(order.slice(0, 4), ["skip", "email", "name", "BUTTON"]);
	assert.ok(await page.evaluate(() => getComputedStyle(document.querySelector("main")).backgroundColor !== "rgba(0, 0, 0, 0)"), "the style is not there");
	await close();
});

await test("this mail in the browser shows the mail, and nothing in it runs", async () => {
	const { page, close } = await open();
	const reply = await page.goto(await link("r2@reader.test", "v"));
	assert.equal(reply.status(), 200);
	assert.match(await page.locator("body").innerText(), /Storks over the café/);
	if (SCREENS) await page.screenshot({ path: path.join(SCREENS, "view.png") });
	await close();
});

await test("every page was looked at", () => assert.ok(seen.size >= 19, [...seen].join(" ")));
await browser.close();
process.exit(failed ? 1 : 0);
