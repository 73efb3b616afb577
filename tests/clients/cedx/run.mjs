// Drives the real @cedx/akismet: arguments are the service's address and a key; prints what the client understood.
import {Author, Blog, CheckResult, Client, Comment, CommentType} from "@cedx/akismet";

const [baseUrl, key] = process.argv.slice(2);
const blog = new Blog({charset: "UTF-8", languages: ["en", "fr"], url: "https://blog.example"});
const client = new Client(key, blog, {baseUrl});
const author = new Author({email: "jo@reader.example", ipAddress: "192.0.2.7", name: "Jo", userAgent: "Mozilla/5.0"});
const ham = new Comment({
	author,
	content: "I walked over the old bridge with my father every Sunday, and the ferry was never on time in winter.",
	context: ["harbour", "bridges"],
	date: new Date(),
	permalink: "https://blog.example/harbour",
	type: CommentType.comment
});
const marked = new Comment({author: new Author({ipAddress: "192.0.2.7", name: "viagra-test-123"}), content: "x"});
const pervasive = new Comment({
	author: new Author({email: "akismet-guaranteed-spam@example.com", ipAddress: "192.0.2.7", name: "viagra-test-123"})
});
const nameOf = value => Object.keys(CheckResult).find(name => CheckResult[name] === value);
const failure = async promise => promise.then(() => "", error => error.message);

console.log(JSON.stringify({
	valid: await client.verifyKey(),
	invalid: await new Client("0".repeat(12), blog, {baseUrl}).verifyKey(),
	ham: nameOf(await client.checkComment(ham)),
	spam: nameOf(await client.checkComment(marked)),
	pervasive: nameOf(await client.checkComment(pervasive)),
	badKey: await failure(new Client("0".repeat(12), blog, {baseUrl}).checkComment(ham)),
	submitSpam: await failure(client.submitSpam(ham)),
	submitHam: await failure(client.submitHam(ham))
}));
