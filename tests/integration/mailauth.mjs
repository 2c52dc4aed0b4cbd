// The DKIM verdict of mailauth on the message of standard input: exit status 0 if every signature holds. The records come as a JSON object.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../browser/', import.meta.url));
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const records = JSON.parse(process.argv[2]);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { results } = await dkimVerify(Buffer.concat(chunks), {
	resolver: async (name, type) => {
		if (type === 'TXT' && records[name]) return [[records[name]]];
		throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
	},
});
const said = results.map((result) => result.status.result);
console.log(said.join(' '));
process.exit(said.length > 0 && said.every((one) => one === 'pass') ? 0 : 1);
