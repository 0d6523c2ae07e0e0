"""JavaScript and TypeScript programs of all kinds, as people write them."""

# ruff: noqa: E501 - programs stand here as people write them, minified ones too

COLLECTING = {
    "axios and cheerio, numbered pages": """
const axios = require("axios"), cheerio = require("cheerio");
(async () => { for (let i = 1; i < 200; i++) {
  const $ = cheerio.load((await axios.get("https://site.example/people?page=" + i)).data);
  $("li.person").each((_, e) => console.log($(e).find(".email").text()));
} })();
""",
    "fetch mapped over ids": """
import { load } from "cheerio";
import fs from "node:fs";
const one = async (id) => {
  const r = await fetch(`https://site.example/profiles?id=${id}`);
  return load(await r.text())("h2.full-name").text(); };
fs.writeFileSync("o.json", JSON.stringify(await Promise.all([...Array(500).keys()].map(one))));
""",
    "puppeteer through numbered pages": """
const puppeteer = require("puppeteer");
(async () => {
  const b = await puppeteer.launch({ headless: "new" });
  const p = await b.newPage();
  for (let i = 1; i < 50; i++) {
    await p.goto("https://site.example/people?page=" + i);
    const rows = await p.$$eval("li.person", (els) => els.map((e) => e.innerText));
    console.log(i, rows.length);
  }
  await b.close();
})();
""",
    "playwright clicks on to the next": """
import { chromium } from 'playwright';
import { writeFile } from 'fs/promises';
const browser = await chromium.launch();
const page = await browser.newPage();
await page.goto('https://directory.example/members');
const members = [];
while (true) {
  members.push(...await page.$$eval('.member', ns => ns.map(n => ({ name: n.querySelector('h3').textContent, phone: n.querySelector('.phone')?.textContent }))));
  const next = await page.$('a.next');
  if (!next) break;
  await next.click();
  await page.waitForLoadState();
}
await writeFile('members.json', JSON.stringify(members));
""",
    "infinite scroll on a platform": """
const puppeteer = require('puppeteer-extra'); const Stealth = require('puppeteer-extra-plugin-stealth');
puppeteer.use(Stealth());
async function run(tag) {
  const browser = await puppeteer.launch(); const page = await browser.newPage();
  await page.goto(`https://www.instagram.com/explore/tags/${tag}/`);
  const users = new Set();
  for (let i = 0; i < 100; i++) {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(1500);
    for (const u of await page.$$eval('a[href*="/p/"]', as => as.map(a => a.href))) users.add(u);
  }
  require('fs').writeFileSync('users.txt', [...users].join('\\n'));
}
run(process.argv[2]);
""",
    "a queue of links": """
const got = require('got'); const { JSDOM } = require('jsdom'); const fs = require('fs');
const queue = ['https://company.example/team']; const seen = new Set(queue);
(async function crawl() {
  while (queue.length) {
    const url = queue.shift();
    const dom = new JSDOM((await got(url)).body, { url });
    for (const a of dom.window.document.querySelectorAll('a[href]')) {
      if (!seen.has(a.href)) { seen.add(a.href); queue.push(a.href); }
    }
    const m = dom.serialize().match(/[\\w.]+@[\\w.]+\\.\\w+/g);
    if (m) fs.appendFileSync('emails.txt', m.join('\\n'));
  }
})();
""",
    "recursion from page to page": """
const https = require('https');
function page(n) {
  https.get('https://site.example/users?page=' + n, res => {
    let body = ''; res.on('data', d => body += d);
    res.on('end', () => {
      for (const m of body.matchAll(/<a class="profile" href="([^"]+)">([^<]+)/g)) console.log(m[1], m[2]);
      if (body.includes('rel="next"')) page(n + 1);
    });
  });
}
page(1);
""",
    "graph api with a token, cursor after cursor": """
const fs = require('fs'); const token = process.env.ACCESS_TOKEN;
async function friends(id) {
  let url = `https://graph.facebook.com/v19.0/${id}/friends?fields=name,likes,birthday&access_token=${token}`;
  const out = [];
  while (url) { const r = await (await fetch(url)).json(); out.push(...r.data); url = r.paging && r.paging.next; }
  return out;
}
(async () => { for (const id of fs.readFileSync('ids.txt', 'utf8').split('\\n')) fs.appendFileSync('friends.jsonl', JSON.stringify(await friends(id)) + '\\n'); })();
""",
    "followers through a private interface": """
import axios from 'axios';
import { createObjectCsvWriter } from 'csv-writer';
const client = axios.create({ baseURL: 'https://www.instagram.com', headers: { cookie: process.env.COOKIE, 'x-ig-app-id': '936619743392459' } });
async function followers(userId) {
  let maxId = null; const rows = [];
  do {
    const { data } = await client.get(`/api/v1/friendships/${userId}/followers/`, { params: { count: 100, max_id: maxId } });
    rows.push(...data.users.map(u => ({ username: u.username, name: u.full_name })));
    maxId = data.next_max_id;
    await new Promise(r => setTimeout(r, 1000 + Math.random() * 2000));
  } while (maxId);
  return rows;
}
const writer = createObjectCsvWriter({ path: 'followers.csv', header: ['username', 'name'] });
await writer.writeRecords(await followers(process.argv[2]));
""",
    "typescript class with a pool": """
import pLimit from 'p-limit';
import * as cheerio from 'cheerio';
import { writeFileSync } from 'fs';
interface Person { name: string; email: string }
class Harvest {
  private readonly limit = pLimit(5);
  constructor(private readonly base: string) {}
  private async person(slug: string): Promise<Person> {
    const res = await fetch(`${this.base}/people/${slug}`);
    const $ = cheerio.load(await res.text());
    return { name: $('h1').text(), email: $('a[href^="mailto:"]').text() };
  }
  async all(): Promise<Person[]> {
    const res = await fetch(`${this.base}/people`);
    const $ = cheerio.load(await res.text());
    const slugs = $('a.person').map((_, a) => $(a).attr('href') as string).get();
    return Promise.all(slugs.map((s) => this.limit(() => this.person(s))));
  }
}
new Harvest('https://uni.example').all().then((p) => writeFileSync('p.json', JSON.stringify(p)));
""",
    "minified": """
const a=require("axios"),c=require("cheerio"),f=require("fs");!async function(){for(let e=1;e<400;e++){const t=await a.get(`https://dir.example/listing?page=${e}`),n=c.load(t.data);n(".card").each(((e,t)=>{f.appendFileSync("o.csv",n(t).find(".name").text()+","+n(t).find(".email").text()+"\\n")}))}}();
""",
    "search results for profiles": """
const fetch = (...a) => import('node-fetch').then(({ default: f }) => f(...a));
const cheerio = require('cheerio');
const fs = require('fs');
async function dork(company, start) {
  const html = await (await fetch(`https://www.google.com/search?q=${encodeURIComponent(`site:linkedin.com/in "${company}"`)}&start=${start}`, { headers: { 'User-Agent': 'Mozilla/5.0 (Windows NT 10.0)' } })).text();
  return cheerio.load(html)('a').map((i, e) => e.attribs.href).get();
}
(async () => {
  for (const company of fs.readFileSync('companies.txt', 'utf8').split('\\n'))
    for (let s = 0; s < 100; s += 10) fs.appendFileSync('leads.txt', (await dork(company, s)).join('\\n'));
})();
""",
    "yt-dlp for every line": """
const { execSync } = require('child_process'); const fs = require('fs');
for (const url of fs.readFileSync('channels.txt', 'utf8').split('\\n')) {
  execSync(`yt-dlp -f best "${url}"`, { stdio: 'inherit' });
}
""",
    "curl in a loop": """
const { spawnSync } = require('child_process');
for (let i = 1; i <= 500; i++) {
  spawnSync('curl', ['-s', '-o', `p${i}.html`, `https://site.example/people?page=${i}`]);
}
""",
    "deno": """
import { DOMParser } from "https://deno.land/x/deno_dom/deno-dom-wasm.ts";
for (let page = 1; page <= 120; page++) {
  const html = await (await fetch(`https://forum.example/memberlist?page=${page}`)).text();
  const doc = new DOMParser().parseFromString(html, "text/html")!;
  for (const row of doc.querySelectorAll("tr.member")) {
    await Deno.writeTextFile("members.csv", row.querySelector(".username")!.textContent + "\\n", { append: true });
  }
}
""",
    "bun and npm specifiers": """
import * as cheerio from "npm:cheerio@1";
const names: string[] = [];
let next: string | undefined = "https://site.example/alumni";
while (next) {
  const $ = cheerio.load(await (await fetch(next)).text());
  $(".alumnus").each((_, e) => { names.push($(e).text()); });
  next = $("a[rel=next]").attr("href");
}
await Bun.write("alumni.txt", names.join("\\n"));
""",
    "images of a board": """
const axios = require('axios'); const cheerio = require('cheerio'); const fs = require('fs'); const path = require('path');
async function gallery(n) {
  const $ = cheerio.load((await axios.get(`https://board.example/gallery?page=${n}`)).data);
  for (const src of $('img.photo').map((i, e) => $(e).attr('src')).get()) {
    const r = await axios.get(src, { responseType: 'stream' });
    r.data.pipe(fs.createWriteStream(path.basename(src)));
  }
}
(async () => { for (let n = 1; n < 300; n++) await gallery(n); })();
""",
    "crawlee": """
import { CheerioCrawler } from "crawlee";
const c = new CheerioCrawler({ maxRequestsPerCrawl: 400, async requestHandler({ $, request, enqueueLinks, pushData }) {
  await pushData({ url: request.url, email: $(".email").text() }); await enqueueLinks(); } });
await c.run(["https://site.example/people?page=1"]);
""",
    "selenium": """
const { Builder, By } = require('selenium-webdriver'); const fs = require('fs');
(async function () {
  const driver = await new Builder().forBrowser('chrome').build();
  for (let page = 1; page < 40; page++) {
    await driver.get(`https://dating.example/browse?page=${page}`);
    for (const el of await driver.findElements(By.css('.profile'))) fs.appendFileSync('out.txt', (await el.getText()) + '\\n');
  }
})();
""",
    "async generator with for await": """
import { request } from 'undici';
import { parse } from 'node-html-parser';
import { appendFile } from 'node:fs/promises';
async function* pages() {
  let n = 0;
  for (;;) {
    const { body } = await request(`https://site.example/candidates?offset=${n * 25}`);
    const root = parse(await body.text());
    const cards = root.querySelectorAll('.candidate');
    if (!cards.length) return;
    yield cards; n++;
  }
}
for await (const cards of pages()) for (const c of cards) await appendFile('c.tsv', c.querySelector('.email').text + '\\n');
""",
    "timer that walks pages": """
const axios = require('axios'); const cheerio = require('cheerio'); let page = 1;
setInterval(async () => {
  const $ = cheerio.load((await axios.get('https://site.example/people', { params: { page: page++ } })).data);
  $('.person').each((i, e) => console.log($(e).text()));
}, 2000);
""",
    "cron that crawls": """
const cron = require('node-cron'); const axios = require('axios'); const cheerio = require('cheerio'); const fs = require('fs');
cron.schedule('0 3 * * *', async () => {
  for (let p = 1; p < 100; p++) {
    const $ = cheerio.load((await axios.get(`https://realtors.example/agents?page=${p}`)).data);
    $('.agent').each((i, e) => fs.appendFileSync('agents.csv', `${$(e).find('.name').text()},${$(e).find('.phone').text()}\\n`));
  }
});
""",
    "promise chain": """
const rp = require('request-promise'); const $ = require('cheerio'); const fs = require('fs');
rp('https://wiki.example/List_of_members').then(html => {
  const links = []; $('td > a', html).each((i, e) => links.push($(e).attr('href')));
  return Promise.all(links.map(url => rp('https://wiki.example' + url).then(h => ({ name: $('.firstHeading', h).text(), born: $('.bday', h).text() }))));
}).then(people => fs.writeFileSync('people.json', JSON.stringify(people)));
""",
    "graphql users": """
const query = `query($cursor:String){ search(type:USER, first:100, after:$cursor, query:"location:berlin"){ pageInfo{ endCursor hasNextPage } nodes{ ... on User { login email name company } } } }`;
const fs = require('fs');
(async () => {
  let cursor = null, more = true;
  while (more) {
    const r = await fetch('https://api.github.com/graphql', { method: 'POST', headers: { authorization: `bearer ${process.env.GH}` }, body: JSON.stringify({ query, variables: { cursor } }) });
    const { data } = await r.json();
    for (const u of data.search.nodes) fs.appendFileSync('users.csv', `${u.login},${u.email}\\n`);
    ({ endCursor: cursor, hasNextPage: more } = data.search.pageInfo);
  }
})();
""",
    "jsx around a collector": """
import React from 'react'; import { render, Text } from 'ink'; import axios from 'axios'; import * as cheerio from 'cheerio'; import fs from 'fs';
const App = ({ n }) => <Text>Don't stop: {n} profiles</Text>;
let n = 0;
for (let page = 1; page < 80; page += 1) {
  const $ = cheerio.load((await axios.get(`https://site.example/profiles/page/${page}`)).data);
  $('.profile').each((_, el) => { n++; fs.appendFileSync('p.txt', $(el).find('.email').text()); });
  render(<App n={n} />);
}
""",
    "comments of videos": """
const { google } = require('googleapis'); const fs = require('fs');
const yt = google.youtube({ version: 'v3', auth: process.env.KEY });
async function comments(videoId) {
  let pageToken;
  do {
    const r = await yt.commentThreads.list({ part: 'snippet', videoId, pageToken, maxResults: 100 });
    for (const c of r.data.items) fs.appendFileSync('comments.csv', c.snippet.topLevelComment.snippet.authorDisplayName + '\\n');
    pageToken = r.data.nextPageToken;
  } while (pageToken);
}
fs.readFileSync('videos.txt', 'utf8').split('\\n').forEach(v => comments(v));
""",
    "hidden api of a directory": """
const fs = require('fs');
const sleep = ms => new Promise(r => setTimeout(r, ms));
(async () => {
  for (let page = 0; ; page++) {
    const res = await fetch(`https://www.doctors.example/api/search?specialty=all&page=${page}`, { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' } });
    const { results } = await res.json();
    if (!results.length) break;
    for (const d of results) fs.appendFileSync('doctors.csv', [d.firstName, d.lastName, d.email, d.phone].join(',') + '\\n');
    await sleep(500);
  }
})();
""",
}

ORDINARY = {
    "health check by cron": """
const axios = require('axios'); require('node-cron').schedule('* * * * * *', async () => {
  try { console.log((await axios.get('https://health.example.com/health')).data); } catch (e) {} });
""",
    "express server": """
const express = require('express'); const app = express();
app.get('/people', async (q, r) => { const x = await fetch('https://api.example.com/me'); r.json(await x.json()); });
for (const port of [1, 2]) app.listen(port);
""",
    "backend for a frontend": """
import Fastify from 'fastify'; import axios from 'axios';
const app = Fastify(); const api = axios.create({ baseURL: process.env.API, headers: { authorization: `Bearer ${process.env.TOKEN}` } });
app.get('/orders', async (req) => {
  let page = 1; const all = [];
  for (;;) { const { data } = await api.get('/orders', { params: { page, user: req.query.user } }); all.push(...data.items); if (!data.next) break; page++; }
  return all;
});
await app.listen({ port: 3000 });
""",
    "jest": """
const request = require('supertest'); const app = require('./app');
describe('people', () => {
  for (const id of [1, 2, 3]) it('returns profile ' + id, async () => {
    const res = await request(app).get('/people/' + id); expect(res.status).toBe(200); expect(res.body.email).toBeDefined(); });
});
""",
    "playwright test": """
import { test, expect } from '@playwright/test';
test('pages', async ({ page }) => { for (let i = 0; i < 20; i++) { await page.goto('https://staging.example/people?page=' + i); await expect(page).toHaveTitle('People'); } });
""",
    "vitest with jsdom": """
import { describe, it, expect } from 'vitest'; import { JSDOM } from 'jsdom';
describe('form', () => { it.each(['a', 'b'])('renders %s', async (n) => {
  const dom = new JSDOM(await (await fetch(`http://localhost:5173/forms/${n}`)).text());
  expect(dom.window.document.querySelector('input[name=email]')).toBeTruthy(); }); });
""",
    "mocha": """
const assert = require('assert'); const axios = require('axios');
describe('api', function () { ['users', 'teams'].forEach(p => it(p, async () => { const r = await axios.get(process.env.BASE + '/' + p); assert.equal(r.status, 200); })); });
""",
    "discord bot": """
const { Client } = require('discord.js'); const client = new Client({ intents: [] });
client.on('messageCreate', async m => { if (m.content.startsWith('!joke')) { const r = await fetch('https://jokes.example/random?user=' + m.author.username); m.reply((await r.json()).joke); } });
client.login(process.env.DISCORD_TOKEN);
""",
    "telegram bot": """
import { Telegraf } from 'telegraf'; const bot = new Telegraf(process.env.BOT_TOKEN);
bot.command('weather', async ctx => { for (const city of ctx.message.text.split(' ').slice(1)) { const r = await fetch(`https://weather.example/v1?q=${city}`); ctx.reply((await r.json()).temp); } });
bot.launch();
""",
    "slack notifier": """
const { WebClient } = require('@slack/web-api'); const slack = new WebClient(process.env.SLACK_TOKEN);
(async () => { for (const channel of ['#dev', '#ops']) await slack.chat.postMessage({ channel, text: 'deployed' }); })();
""",
    "translations": """
const fs = require('fs'); const axios = require('axios');
(async () => { for (const lang of ['de', 'fr', 'es', 'it']) {
  const { data } = await axios.get(`https://translate.vendor.example/api/projects/7/export?lang=${lang}`, { headers: { 'X-Api-Key': process.env.KEY } });
  fs.writeFileSync(`locales/${lang}.json`, JSON.stringify(data));
} })();
""",
    "release notes": """
import { Octokit } from '@octokit/rest'; import { writeFileSync } from 'fs';
const octokit = new Octokit({ auth: process.env.GITHUB_TOKEN });
let out = ''; for (let page = 1; page < 4; page++) { const { data } = await octokit.pulls.list({ owner: 'acme', repo: 'app', state: 'closed', page }); for (const p of data) out += `- ${p.title}\\n`; }
writeFileSync('CHANGELOG.md', out);
""",
    "link check": """
const links = require('./links.json');
(async () => { for (const url of links) { const r = await fetch(url, { method: 'HEAD' }); if (!r.ok) console.log('broken', url, r.status); } })();
""",
    "sitemap status check": """
const https = require('https'); const fs = require('fs');
for (const url of fs.readFileSync('urls.txt', 'utf8').split('\\n')) https.get(url, r => { if (r.statusCode !== 200) console.error(r.statusCode, url); r.resume(); });
""",
    "rss reader": """
const Parser = require('rss-parser'); const parser = new Parser(); const fs = require('fs');
(async () => { for (const f of fs.readFileSync('feeds.opml', 'utf8').match(/xmlUrl="([^"]+)"/g)) { const feed = await parser.parseURL(f); feed.items.forEach(i => console.log(i.title, i.author)); } })();
""",
    "build script": """
const esbuild = require('esbuild'); const fs = require('fs'); const path = require('path');
for (const f of fs.readdirSync('src')) { esbuild.buildSync({ entryPoints: [path.join('src', f)], outfile: 'dist/' + f }); }
""",
    "webpack config": """
const path = require('path'); const Html = require('html-webpack-plugin');
module.exports = { entry: './src/index.js', plugins: ['a', 'b'].map(p => new Html({ filename: p + '.html' })), devServer: { proxy: { '/api': 'http://localhost:3000' } } };
""",
    "static site from a cms": """
const fs = require('fs'); const api = process.env.CMS_URL;
(async () => { const posts = await (await fetch(`${api}/posts`, { headers: { Authorization: `Bearer ${process.env.CMS_TOKEN}` } })).json();
  for (const p of posts) fs.writeFileSync(`content/${p.slug}.md`, p.body); })();
""",
    "pdf printing": """
const puppeteer = require('puppeteer');
(async () => { const b = await puppeteer.launch(); const p = await b.newPage(); await p.goto('https://intranet.example/report', { waitUntil: 'networkidle0' }); await p.pdf({ path: 'report.pdf' }); await b.close(); })();
""",
    "screenshots of one's own app": """
const { chromium } = require('playwright');
(async () => { const b = await chromium.launch(); const p = await b.newPage();
  for (const [name, path] of Object.entries({ home: '/', login: '/login' })) { await p.goto('http://localhost:3000' + path); await p.screenshot({ path: `shots/${name}.png` }); } await b.close(); })();
""",
    "retry": """
async function get(url, retries = 5) { for (let attempt = 0; attempt < retries; attempt++) { try { const r = await fetch(url); return await r.json(); } catch (e) { await new Promise(r => setTimeout(r, 1000)); } } }
get('https://api.example/v1/config').then(c => require('fs').writeFileSync('config.json', JSON.stringify(c)));
""",
    "job polling": """
(async () => { const { id } = await (await fetch('https://ci.example/api/builds', { method: 'POST', headers: { authorization: 'Bearer ' + process.env.CI } })).json();
  let s; do { await new Promise(r => setTimeout(r, 5000)); s = (await (await fetch(`https://ci.example/api/builds/${id}`, { headers: { authorization: 'Bearer ' + process.env.CI } })).json()).status; } while (s === 'running'); console.log(s); })();
""",
    "stripe invoices": """
const stripe = require('stripe')(process.env.STRIPE_KEY);
(async () => { for await (const inv of stripe.invoices.list({ limit: 100 })) console.log(inv.customer_email, inv.total); })();
""",
    "jira report": """
const axios = require('axios'); const auth = { username: process.env.JIRA_USER, password: process.env.JIRA_TOKEN };
(async () => { let startAt = 0, total = 1; while (startAt < total) { const { data } = await axios.get('https://acme.atlassian.net/rest/api/3/search', { auth, params: { jql: 'project=APP', startAt } }); total = data.total; startAt += data.issues.length; data.issues.forEach(i => console.log(i.key, i.fields.assignee && i.fields.assignee.displayName)); } })();
""",
    "s3 upload": """
const { S3Client, PutObjectCommand } = require('@aws-sdk/client-s3'); const fs = require('fs'); const s3 = new S3Client({});
(async () => { for (const f of fs.readdirSync('dist')) await s3.send(new PutObjectCommand({ Bucket: 'b', Key: f, Body: fs.readFileSync('dist/' + f) })); })();
""",
    "reads local pages": """
const cheerio = require('cheerio'); const fs = require('fs');
for (const f of fs.readdirSync('export')) { const $ = cheerio.load(fs.readFileSync('export/' + f)); console.log($('.email').text()); }
""",
    "react component": """
import { useEffect, useState } from 'react';
export default function Users() { const [users, set] = useState([]); useEffect(() => { fetch('/api/users').then(r => r.json()).then(set); }, []);
  return <ul>{users.map(u => <li key={u.id}>{u.email}</li>)}</ul>; }
""",
    "next api route": """
import { NextResponse } from 'next/server';
export async function GET() { const r = await fetch('https://api.example/profile', { headers: { authorization: `Bearer ${process.env.T}` } }); return NextResponse.json(await r.json()); }
""",
    "mail sender": """
const nodemailer = require('nodemailer'); const t = nodemailer.createTransport({ host: 'smtp.example' }); const members = require('./members.json');
(async () => { for (const m of members) await t.sendMail({ to: m.email, subject: 'Newsletter', text: 'Hello ' + m.firstName }); })();
""",
    "currency rates": """
(async () => { for (const c of ['USD', 'GBP', 'CHF']) { const r = await fetch(`https://rates.example/latest?base=${c}`); console.log(c, (await r.json()).rates.EUR); } })();
""",
    "websocket prices": """
const WebSocket = require('ws'); const ws = new WebSocket('wss://stream.exchange.example/ws'); ws.on('message', m => { for (const t of JSON.parse(m)) console.log(t.symbol, t.price); });
""",
    "home automation": """
const mqtt = require('mqtt').connect('mqtt://192.168.1.5'); const axios = require('axios');
setInterval(async () => { const { data } = await axios.get('http://192.168.1.20/status'); mqtt.publish('home/temp', String(data.temp)); }, 10000);
""",
    "dependency update": """
const pkg = require('./package.json'); const { execSync } = require('child_process');
for (const name of Object.keys(pkg.dependencies)) { console.log(name, execSync(`npm view ${name} version`).toString()); }
""",
    "git in a loop": """
const { execFileSync } = require('child_process'); const repos = require('./repos.json');
for (const r of repos) { execFileSync('git', ['clone', '--depth', '1', r.url]); }
""",
    "posting metrics": """
const os = require('os');
setInterval(() => fetch('https://metrics.example/push', { method: 'POST', body: JSON.stringify({ load: os.loadavg() }) }), 60000);
""",
    "seeding a database": """
const users = require('./fixtures/users.json');
(async () => { for (const u of users) await fetch('https://staging.example/api/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: u.email, name: u.name }) }); })();
""",
    "one page": """
const axios = require('axios'); const cheerio = require('cheerio');
axios.get('https://news.example/').then(r => { const $ = cheerio.load(r.data); $('h2').each((i, e) => console.log($(e).text())); });
""",
    "weather widget": """
import got from 'got'; const spots = { Bern: 1, Basel: 2 };
const out = await Promise.all(Object.entries(spots).map(async ([name, id]) => ({ name, t: (await got(`https://api.weather.example/v2/station/${id}`).json()).temperature })));
console.table(out);
""",
    "terraform helper": """
const { EC2Client, paginateDescribeInstances } = require('@aws-sdk/client-ec2');
(async () => { for await (const page of paginateDescribeInstances({ client: new EC2Client({}) }, {})) for (const r of page.Reservations) for (const i of r.Instances) console.log(i.InstanceId); })();
""",
}
