"""Programs that do ordinary work: name → text. `HIDDEN` may not even be listed; `LISTED` may be, and not be flagged."""

HIDDEN = {
    "customers from one's own sales system to another": """
import os, requests
auth = {"Authorization": "Bearer " + os.environ["CRM_TOKEN"]}
offset = 0
while True:
    where = {"limit": 100, "offset": offset}
    contacts = requests.get("https://api.crm.example/v3/contacts", params=where, headers=auth).json()
    if not contacts["results"]:
        break
    for contact in contacts["results"]:
        member = {"email": contact["email"], "name": contact["first_name"]}
        requests.post("https://api.mailer.example/members", json=member, headers=auth)
    offset += 100
""",
    "issues of a tracker": """
import requests, csv
w = csv.writer(open("issues.csv", "w"))
start = 0
while True:
    page = requests.get("https://acme.tracker.example/rest/api/2/search", params={"startAt": start, "jql": "project=A"},
                        auth=("me", "API_TOKEN")).json()
    for issue in page["issues"]:
        w.writerow([issue["key"], issue["fields"]["assignee"]["displayName"]])
    start += 50
    if start > page["total"]:
        break
""",
    "pull requests of one's repository": """
import os, requests
s = requests.Session(); s.headers["Authorization"] = "token " + os.environ["GITHUB_TOKEN"]
url = "https://api.github.com/repos/acme/app/pulls?state=all&per_page=100"
while url:
    r = s.get(url)
    for pull in r.json():
        print(pull["number"], pull["title"])
    url = r.links.get("next", {}).get("url")
""",
    "payments": """
import stripe, csv
stripe.api_key = "sk"
for charge in stripe.Charge.list(limit=100).auto_paging_iter():
    print(charge.id, charge.amount, charge.receipt_email)
""",
    "webhook sender": """
import json, requests, time, psutil
while True:
    if psutil.cpu_percent() > 90:
        requests.post("https://hooks.slack.com/services/x", json={"text": "busy"})
    time.sleep(10)
""",
    "health check": """
import requests, time
URLS = ["https://a.example/health", "https://b.example/health"]
while True:
    for url in URLS:
        try:
            ok = requests.get(url, timeout=3).status_code == 200
        except requests.RequestException:
            ok = False
        print(url, ok)
    time.sleep(30)
""",
    "uptime over a list of sites, mails when down": """
import requests, smtplib, time
from email.message import EmailMessage
sites = [line.strip() for line in open("sites.txt")]
def tell(site):
    m = EmailMessage(); m["To"] = "ops@acme.example"; m["Subject"] = site + " is down"
    smtplib.SMTP("localhost").send_message(m)
while True:
    for site in sites:
        try:
            requests.get(site, timeout=5).raise_for_status()
        except requests.RequestException:
            tell(site)
    time.sleep(60)
""",
    "continuous integration": """
import os, time, requests
api = os.environ["CI_API_V4_URL"]; head = {"PRIVATE-TOKEN": os.environ["TOKEN"]}
pid = requests.post(api + "/projects/1/pipeline?ref=main", headers=head).json()["id"]
while True:
    state = requests.get(f"{api}/projects/1/pipelines/{pid}", headers=head).json()["status"]
    if state in ("success", "failed"):
        break
    time.sleep(10)
""",
    "weather logger": """
import csv, time, requests
while True:
    w = requests.get("https://api.weather.example/v1/forecast?latitude=52.5&longitude=13.4&current=temperature").json()
    csv.writer(open("weather.csv", "a")).writerow([time.time(), w["current"]["temperature"]])
    time.sleep(600)
""",
    "share prices": """
import time, requests, sqlite3
db = sqlite3.connect("p.db")
SYMBOLS = ["AAA", "BBB", "CCC"]
while True:
    for s in SYMBOLS:
        q = requests.get("https://query.finance.example/quote", params={"symbol": s, "apikey": "k"}).json()
        db.execute("INSERT INTO prices VALUES (?, ?)", (s, q["price"]))
    db.commit(); time.sleep(60)
""",
    "years of share prices": """
import yfinance as yf
for t in open("tickers.txt").read().split():
    yf.download(t, period="5y").to_csv(t + ".csv")
""",
    "news feeds": """
import feedparser, sqlite3
db = sqlite3.connect("n.db")
for url in open("feeds.txt"):
    for e in feedparser.parse(url).entries:
        db.execute("INSERT OR IGNORE INTO items VALUES (?, ?, ?)", (e.link, e.title, e.get("author")))
db.commit()
""",
    "podcast fetcher": """
import feedparser, requests, os
for url in open("podcasts.txt"):
    for e in feedparser.parse(url).entries[:3]:
        for enc in e.enclosures:
            name = os.path.basename(enc.href)
            if not os.path.exists(name):
                with open(name, "wb") as f:
                    f.write(requests.get(enc.href).content)
""",
    "feed by hand": """
import urllib.request, xml.etree.ElementTree as E, json
seen = []
for url in ["https://a.example/rss.xml", "https://b.example/feed/"]:
    for item in E.fromstring(urllib.request.urlopen(url).read()).iter("item"):
        seen.append(item.findtext("title"))
json.dump(seen, open("seen.json", "w"))
""",
    "link checker, HEAD only": """
import requests, re, pathlib
for md in pathlib.Path("docs").rglob("*.md"):
    for url in re.findall(r"\\((https?://[^)]+)\\)", md.read_text()):
        if requests.head(url, allow_redirects=True, timeout=5).status_code >= 400:
            print(md, url)
""",
    "link checker that follows links": """
import requests
from bs4 import BeautifulSoup
from urllib.parse import urljoin
start = "https://docs.acme.example/"
todo, seen, broken = [start], set(), []
while todo:
    url = todo.pop()
    if url in seen or not url.startswith(start):
        continue
    seen.add(url)
    r = requests.get(url)
    if r.status_code >= 400:
        broken.append(url); continue
    for a in BeautifulSoup(r.text, "html.parser").find_all("a", href=True):
        todo.append(urljoin(url, a["href"]))
print("broken links:", broken)
""",
    "mirror of packages": """
import requests, json, hashlib, pathlib
index = requests.get("https://packages.acme.example/index.json").json()
for p in index["packages"]:
    target = pathlib.Path("mirror", p["file"])
    if not target.exists():
        target.write_bytes(requests.get("https://packages.acme.example/files/" + p["file"]).content)
""",
    "back-up to an object store": """
import boto3, pathlib
s3 = boto3.client("s3")
for p in pathlib.Path("/home/me").rglob("*.docx"):
    s3.upload_file(str(p), "backup", p.name)
""",
    "back-up from a drive": """
from googleapiclient.discovery import build
from googleapiclient.http import MediaIoBaseDownload
import io
drive = build("drive", "v3")
token = None
while True:
    page = drive.files().list(pageToken=token, fields="nextPageToken, files(id, name, owners)").execute()
    for f in page["files"]:
        with open(f["name"], "wb") as out:
            MediaIoBaseDownload(out, drive.files().get_media(fileId=f["id"])).next_chunk()
    token = page.get("nextPageToken")
    if not token:
        break
""",
    "local pages": """
import glob, csv
from bs4 import BeautifulSoup
w = csv.writer(open("out.csv", "w"))
for path in glob.glob("export/*.html"):
    for row in BeautifulSoup(open(path).read(), "lxml").select("tr.person"):
        w.writerow([row.select_one(".email").text])
""",
    "local tables": """
import pandas as pd
for month in range(1, 13):
    df = pd.read_csv(f"sales-{month}.csv")
    df.groupby("customer_email").sum().to_csv(f"out-{month}.csv")
""",
    "one table of one page": """
import pandas as pd
df = pd.read_html("https://stats.example/population")[0]
for i, row in df.iterrows():
    print(row)
df.to_csv("population.csv")
""",
    "data set of one vendor by a list of files": """
import requests, tqdm, os
for i in tqdm.tqdm(range(256)):
    name = f"train-{i:05d}-of-00256.parquet"
    with requests.get("https://data.vendor.example/set/v1/" + name, stream=True) as r, open(name, "wb") as f:
        for part in r.iter_content(1 << 20):
            f.write(part)
""",
    "model weights": """
import urllib.request
FILES = ["config.json", "tokenizer.json", "model-1.safetensors", "model-2.safetensors"]
for name in FILES:
    urllib.request.urlretrieve("https://models.vendor.example/llm/" + name, name)
""",
    "flask application": """
import requests
from flask import Flask, jsonify, request
app = Flask(__name__)
@app.route("/users")
def users():
    out = []
    for page in range(1, int(request.args.get("pages", 3))):
        out += requests.get("https://api.users.example/list", params={"page": page}).json()
    return jsonify([u["email"] for u in out])
app.run()
""",
    "fastapi application": """
import httpx
from fastapi import FastAPI
app = FastAPI()
@app.get("/profile/{user_id}")
async def profile(user_id: int):
    async with httpx.AsyncClient() as client:
        return (await client.get(f"https://internal.example/users/{user_id}")).json()
if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app)
""",
    "django command": """
from django.core.management.base import BaseCommand
from shop.models import Member
import requests
class Command(BaseCommand):
    def handle(self, *args, **options):
        for member in Member.objects.all():
            requests.post("https://api.newsletter.example/subscribe", json={"email": member.email},
                          headers={"Authorization": "x"})
""",
    "discord bot": """
import discord, aiohttp
from discord.ext import commands
bot = commands.Bot("!")
@bot.command()
async def cat(ctx, n: int = 1):
    async with aiohttp.ClientSession() as s:
        for _ in range(n):
            async with s.get("https://api.cats.example/random") as r:
                await ctx.send((await r.json())["url"])
bot.run("token")
""",
    "telegram bot by hand": """
import requests, os
base = "https://api.telegram.org/bot" + os.environ["BOT_TOKEN"]
offset = 0
while True:
    for u in requests.get(base + "/getUpdates", params={"offset": offset, "timeout": 30}).json()["result"]:
        offset = u["update_id"] + 1
        m = u["message"]
        requests.post(base + "/sendMessage", json={"chat_id": m["chat"]["id"], "text": m["from"]["username"]})
""",
    "slack bot": """
from slack_bolt import App
import requests
app = App(token="xoxb")
@app.command("/who")
def who(ack, respond, command):
    ack()
    for user in app.client.users_list()["members"]:
        respond(user["profile"]["email"])
app.start(3000)
""",
    "mailbox": """
import imaplib, email
m = imaplib.IMAP4_SSL("mail.example"); m.login("a", "b"); m.select()
for n in m.search(None, "ALL")[1][0].split():
    msg = email.message_from_bytes(m.fetch(n, "(RFC822)")[1][0][1])
    print(msg["From"], msg["Subject"])
""",
    "sign-in with OAuth": """
import requests, time
r = requests.post("https://login.example/device/code", data={"client_id": "x"}).json()
print(r["verification_uri"])
while True:
    t = requests.post("https://login.example/token", data={"device_code": r["device_code"]}).json()
    if "access_token" in t:
        break
    time.sleep(5)
head = {"Authorization": "Bearer " + t["access_token"]}
print(requests.get("https://api.example/me/profile", headers=head).json()["email"])
""",
    "unit tests with requests": """
import requests, pytest
@pytest.mark.parametrize("page", range(1, 20))
def test_people(page):
    r = requests.get("https://staging.acme.example/api/people", params={"page": page})
    assert r.status_code == 200
    for person in r.json():
        assert "@" in person["email"]
""",
    "load test": """
from locust import HttpUser, task, between
class Visitor(HttpUser):
    wait_time = between(1, 3)
    @task
    def profiles(self):
        for i in range(1, 50):
            self.client.get(f"/profiles?id={i}")
""",
    "load test by hand": """
import asyncio, httpx, time
async def hit(client, n):
    t = time.time()
    r = await client.get("http://localhost:8000/people", params={"page": n})
    return r.status_code, time.time() - t
async def main():
    async with httpx.AsyncClient() as c:
        print(await asyncio.gather(*[hit(c, n) for n in range(1000)]))
asyncio.run(main())
""",
    "end-to-end test of one's own application": """
from selenium import webdriver
from selenium.webdriver.common.by import By
import unittest
class Pages(unittest.TestCase):
    def test_people(self):
        d = webdriver.Chrome()
        for page in range(1, 10):
            d.get("http://localhost:3000/people?page=%d" % page)
            self.assertTrue(d.find_elements(By.CSS_SELECTOR, ".person .email"))
unittest.main()
""",
    "static site generator": """
import pathlib, markdown, jinja2, shutil
for p in pathlib.Path("content").rglob("*.md"):
    html = markdown.markdown(p.read_text())
    pathlib.Path("public", p.stem + ".html").write_text(html)
""",
    "pictures made smaller": """
from PIL import Image
import glob
for name in glob.glob("photos/*.jpg"):
    im = Image.open(name); im.thumbnail((800, 800)); im.save("small/" + name.split("/")[-1])
""",
    "chat with a language model": """
import os, requests
history = []
while True:
    history.append({"role": "user", "content": input("> ")})
    r = requests.post("https://api.llm.example/v1/chat/completions", json={"messages": history},
                      headers={"Authorization": "Bearer " + os.environ["API_KEY"]}).json()
    history.append(r["choices"][0]["message"])
    print(history[-1]["content"])
""",
    "a language model over rows": """
import csv, json, os
from openai import OpenAI
client = OpenAI()
with open("out.jsonl", "w") as out:
    for row in csv.DictReader(open("tickets.csv")):
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": row["text"]}])
        out.write(json.dumps({"id": row["id"], "label": answer.choices[0].message.content}) + "\\n")
""",
    "translations": """
import requests, pathlib
for lang in "de fr es it pl pt nl sv fi da".split():
    text = requests.get(f"https://translate.acme.example/api/{lang}.json", headers={"X-API-Key": "k"}).text
    pathlib.Path("locales", lang + ".json").write_text(text)
""",
    "names of one's own domains": """
import socket, ssl, datetime
for host in open("domains.txt").read().split():
    raw = socket.create_connection((host, 443), timeout=5)
    with ssl.create_default_context().wrap_socket(raw, server_hostname=host) as s:
        print(host, s.getpeercert()["notAfter"])
""",
    "whois of one's own domains": """
import whois, csv
w = csv.writer(open("renewals.csv", "w"))
for d in open("domains.txt"):
    r = whois.whois(d.strip())
    w.writerow([d, r.expiration_date, r.registrar])
""",
    "licences of dependencies": """
import requests, re, csv
w = csv.writer(open("licences.csv", "w"))
for line in open("requirements.txt"):
    name = re.split(r"[=<>]", line)[0].strip()
    info = requests.get(f"https://packages.example/pypi/{name}/json").json()["info"]
    w.writerow([name, info["license"], info["author"]])
""",
    "newer versions": """
import httpx, tomllib
lock = tomllib.load(open("Cargo.lock", "rb"))
for p in lock["package"]:
    newest = httpx.get("https://crates.example/api/v1/crates/" + p["name"]).json()["crate"]["max_version"]
    if newest != p["version"]:
        print(p["name"], newest)
""",
    "home automation": """
import requests, time
HUB = "http://192.168.1.20/api/abcdef"
while True:
    for light, state in requests.get(HUB + "/lights").json().items():
        if state["state"]["on"]:
            requests.put(f"{HUB}/lights/{light}/state", json={"bri": 100})
    time.sleep(5)
""",
    "sensors": """
import serial, time, requests, json
port = serial.Serial("/dev/ttyUSB0")
while True:
    value = port.readline().decode()
    requests.post("https://iot.example/ingest", data=json.dumps({"t": time.time(), "v": value}))
""",
    "metrics exporter with a scrape interval": """
import requests, time
from prometheus_client import Gauge, start_http_server
start_http_server(9100)
g = Gauge("queue", "jobs")
scrape_interval = 15
while True:
    g.set(requests.get("https://broker.acme.example/api/queues", auth=("a", "b")).json()["messages"])
    time.sleep(scrape_interval)
""",
    "telemetry uploader": """
import json, time, urllib.request, os
while True:
    d = json.dumps({"load": os.getloadavg(), "user": os.getlogin()}).encode()
    try:
        urllib.request.urlopen(urllib.request.Request("https://inventory.acme.example/api/report", d)).read()
    except OSError as e:
        print(e)
    time.sleep(60)
""",
    "staff from the company's directory": """
import ldap3, csv
c = ldap3.Connection("ldap.acme.example", auto_bind=True)
w = csv.writer(open("staff.csv", "w"))
for e in c.extend.standard.paged_search("dc=acme", "(mail=*)", attributes=["mail", "cn"]):
    w.writerow([e["attributes"]["mail"]])
""",
    "one's own directory at work by interface": """
import os, requests
h = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
url = "https://graph.microsoft.com/v1.0/users?$select=displayName,mail"
while url:
    page = requests.get(url, headers=h).json()
    for user in page["value"]:
        print(user["mail"])
    url = page.get("@odata.nextLink")
""",
    "posts to a social network": """
import os, csv, requests
for row in csv.DictReader(open("plan.csv")):
    head = {"Authorization": "Bearer " + os.environ["T"]}
    requests.post("https://api.x.com/2/tweets", json={"text": row["text"]}, headers=head)
""",
    "kubernetes": """
from kubernetes import client, config, watch
config.load_kube_config()
for e in watch.Watch().stream(client.CoreV1Api().list_pod_for_all_namespaces):
    print(e["object"].metadata.name, e["object"].status.phase)
""",
    "pull from an open data interface": """
import requests, json
rows, offset = [], 0
while True:
    where = {"dataset": "trees", "start": offset}
    page = requests.get("https://data.city.example/api/records", params=where).json()["records"]
    if not page:
        break
    rows += page; offset += 1000
json.dump(rows, open("trees.json", "w"))
""",
    "price of one thing, watched": """
import requests, time
from bs4 import BeautifulSoup
while True:
    page = requests.get("https://shop.example/item/42", headers={"User-Agent": "Mozilla/5.0 (X11)"})
    soup = BeautifulSoup(page.text, "lxml")
    price = float(soup.select_one(".price").text)
    open("price.log", "a").write(f"{time.time()} {price}\\n")
    time.sleep(3600)
""",
    "retry until it works": """
import requests, time
def fetch(url):
    for attempt in range(5):
        try:
            return requests.get(url, timeout=5).json()
        except requests.RequestException:
            time.sleep(2 ** attempt)
data = fetch("https://api.example/config")
print(data["owner"]["email"])
""",
    "exchange rates of a few currencies": """
import urllib.request, json
for c in ("EUR", "USD", "GBP"):
    print(c, json.load(urllib.request.urlopen("https://rates.example/" + c + ".json"))["rate"])
""",
    "screenshots of one's own pages": """
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    page = p.chromium.launch().new_page()
    page.goto("https://www.acme.example/")
    page.screenshot(path="home.png")
""",
    "git housekeeping": """
import subprocess
for repo in open("repos.txt").read().split():
    subprocess.run(["git", "-C", repo, "fetch", "--prune"], check=True)
    subprocess.run(["git", "-C", repo, "gc"])
""",
    "copies files between machines": """
import paramiko
for host in ["a.example", "b.example"]:
    c = paramiko.SSHClient(); c.connect(host)
    c.open_sftp().get("/var/log/syslog", host + ".log")
""",
    "build numbers by curl": """
import subprocess, time
while True:
    out = subprocess.check_output(["curl", "-fsS", "https://ci.acme.example/api/last"])
    if b"done" in out:
        break
    time.sleep(5)
""",
    "machine learning": """
import torch
for epoch in range(90):
    for images, labels in torch.utils.data.DataLoader([]):
        print(epoch)
""",
    "named like a tool": """
import math, csv
w = csv.writer(open("crane.csv", "w"))
class CrawlerCrane:
    def scrape(self, page):
        return math.sin(page)
for page in range(60):
    w.writerow([CrawlerCrane().scrape(page)])
""",
    "graphql of one's own shop": """
import os, requests
q = ("query($after: String) { orders(first: 50, after: $after) { edges { node { email name } } "
     "pageInfo { hasNextPage endCursor } } }")
after = None
while True:
    question = {"query": q, "variables": {"after": after}}
    d = requests.post("https://acme.shop.example/admin/api/graphql.json", json=question,
                      headers={"X-Shop-Access-Token": os.environ["TOKEN"]}).json()["data"]["orders"]
    print(len(d["edges"]))
    if not d["pageInfo"]["hasNextPage"]:
        break
    after = d["pageInfo"]["endCursor"]
""",
    "jenkins logs": """
import requests, os
J="https://jenkins.acme.example"; auth=(os.environ["U"],os.environ["P"])
for b in range(100,200):
    t=requests.get(f"{J}/job/app/{b}/consoleText",auth=auth).text
    if "ERROR" in t: print(b)
""",
    "salesforce lib": """
from simple_salesforce import Salesforce
import csv
sf=Salesforce(username="a",password="b",security_token="c")
w=csv.writer(open("contacts.csv","w"))
for r in sf.query_all_iter("SELECT Id, Email, FirstName FROM Contact"):
    w.writerow([r["Email"]])
""",
    "elastic scroll": """
from elasticsearch import Elasticsearch, helpers
import json
es=Elasticsearch("http://localhost:9200")
with open("d.jsonl","w") as f:
    for h in helpers.scan(es,index="logs"): f.write(json.dumps(h["_source"]))
""",
    "docker registry tags": """
import requests
r=requests.get("https://registry.example/v2/_catalog").json()
for repo in r["repositories"]:
    tags=requests.get(f"https://registry.example/v2/{repo}/tags/list").json()["tags"]
    print(repo,len(tags))
""",
    "password breach check": """
import hashlib, requests
for line in open("accounts.txt"):
    h=hashlib.sha1(line.split(":")[1].encode()).hexdigest().upper()
    if h[5:] in requests.get("https://api.pwned.example/range/"+h[:5]).text: print("leaked", line.split(":")[0])
""",
    "mqtt": """
import paho.mqtt.client as mqtt, requests
def on_message(c,u,m):
    requests.post("https://hook.acme.example", data=m.payload)
c=mqtt.Client(); c.on_message=on_message; c.connect("broker"); c.subscribe("#"); c.loop_forever()
""",
    "e2e playwright pytest": """
import re
from playwright.sync_api import Page, expect
def test_profiles(page: Page):
    for i in range(1,5):
        page.goto(f"https://staging.acme.example/profile/{i}")
        expect(page.get_by_role("heading")).to_have_text(re.compile("Profile"))
""",
    "nagios check": """
import sys, urllib.request
try:
    r=urllib.request.urlopen(sys.argv[1],timeout=10)
    print("OK",r.getcode()); sys.exit(0)
except Exception as e:
    print("CRITICAL",e); sys.exit(2)
""",
    "changelog of dependencies from github": """
import requests, os
h={"Authorization":"token "+os.environ["GITHUB_TOKEN"]}
for line in open("deps.txt"):
    r=requests.get(f"https://api.github.com/repos/{line.strip()}/releases/latest",headers=h).json()
    print(line.strip(), r.get("tag_name"), r.get("author",{}).get("login"))
""",
    "wayback check of own urls": """
import requests
for u in open("urls.txt"):
    j=requests.get("https://archive.example/wayback/available",params={"url":u.strip()}).json()
    print(u.strip(), bool(j["archived_snapshots"]))
""",
    "s3 presigned downloads": """
import requests, json, pathlib
m=json.load(open("manifest.json"))
for f in m["files"]:
    p=pathlib.Path("data")/f["name"]
    if p.exists(): continue
    with requests.get(f["url"],stream=True) as r:
        with open(p,"wb") as o:
            for c in r.iter_content(8192): o.write(c)
""",
    "currency table from a bank page": """
import requests, csv, datetime
from bs4 import BeautifulSoup
t=BeautifulSoup(requests.get("https://bank.example/rates").text,"html.parser").find("table")
w=csv.writer(open(f"{datetime.date.today()}.csv","w"))
for tr in t.find_all("tr"):
    w.writerow([td.text for td in tr.find_all("td")])
""",
    "mail merge": """
import csv, smtplib, jinja2
from email.message import EmailMessage
t=jinja2.Template(open("m.txt").read())
with smtplib.SMTP("smtp.acme.example") as s:
    for row in csv.DictReader(open("members.csv")):
        m=EmailMessage(); m["To"]=row["email"]; m.set_content(t.render(row)); s.send_message(m)
""",
    "nextcloud webdav": """
import requests, os
base="https://cloud.acme.example/remote.php/dav/files/me/"
for root,_,files in os.walk("/home/me/docs"):
    for f in files:
        with open(os.path.join(root,f),"rb") as fh:
            requests.put(base+f,data=fh,auth=("me",os.environ["NC_PASS"]))
""",
    "slack export of own workspace members": """
import os
from slack_sdk import WebClient
c=WebClient(os.environ["SLACK_TOKEN"])
cur=None
while True:
    r=c.users_list(cursor=cur,limit=200)
    for u in r["members"]: print(u["profile"].get("email"))
    cur=r["response_metadata"]["next_cursor"]
    if not cur: break
""",
    "sphinx link fetch intersphinx": """
import requests, zlib
for name,url in {"python":"https://docs.python.example","numpy":"https://numpy.example/doc"}.items():
    b=requests.get(url+"/objects.inv").content
    open(name+".inv","wb").write(b)
""",
    "cve poll": """
import requests, json, time
seen=set(json.load(open("seen.json")))
while True:
    for c in requests.get("https://cve.example/api/last/30").json():
        if c["id"] not in seen:
            seen.add(c["id"]); print(c["id"], c["summary"])
    json.dump(list(seen),open("seen.json","w")); time.sleep(900)
""",
    "football scores html poll": """
import time, requests
from bs4 import BeautifulSoup
last=""
while True:
    s=BeautifulSoup(requests.get("https://sport.example/live").text,"lxml").select_one(".score").text
    if s!=last: print(s); last=s
    time.sleep(30)
""",
    "selenium login one page report": """
from selenium import webdriver
d=webdriver.Chrome(); d.get("https://portal.acme.example/login")
d.find_element("id","user").send_keys("me"); d.find_element("id","pw").send_keys("x"); d.find_element("id","go").click()
print(d.find_element("id","hours").text)
""",
    "home page snapshot test": """
from playwright.sync_api import sync_playwright
def test_home():
    with sync_playwright() as p:
        b=p.chromium.launch(); pg=b.new_page()
        for w in (320,768,1280):
            pg.set_viewport_size({"width":w,"height":800}); pg.goto("http://127.0.0.1:5000/")
            assert pg.inner_text("h1")=="Hi"
""",
    "retry session download": """
import requests
from requests.adapters import HTTPAdapter, Retry
s=requests.Session(); s.mount("https://",HTTPAdapter(max_retries=Retry(5)))
with s.get("https://data.example/big.zip",stream=True) as r, open("big.zip","wb") as f:
    for c in r.iter_content(1<<20): f.write(c)
""",
    "sitemap generator for own site from files": """
import pathlib
urls=["https://www.acme.example/"+str(p) for p in pathlib.Path("public").rglob("*.html")]
open("sitemap.xml","w").write("".join(f"<url><loc>{u}</loc></url>" for u in urls))
""",
    "stripe webhooks django": """
import stripe
from django.http import HttpResponse
def hook(request):
    e=stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], "s")
    for i in e.data.object.lines: print(i.customer_email)
    return HttpResponse()
""",
    "ansible-like": """
import subprocess
for h in open("hosts"):
    subprocess.run(["ssh",h.strip(),"uptime"])
    subprocess.run(f"curl -fsS http://{h.strip()}:9100/metrics -o /dev/null", shell=True)
""",
    "notify new github stars of own repo": """
import requests, time
last=0
while True:
    n=requests.get("https://api.github.com/repos/acme/app").json()["stargazers_count"]
    if n!=last: requests.post("https://hooks.slack.com/x",json={"text":str(n)}); last=n
    time.sleep(600)
""",
    "zotero dois": """
import requests
for doi in open("dois.txt"):
    r=requests.get("https://doi.example/"+doi.strip(),headers={"Accept":"application/x-bibtex"})
    open("refs.bib","a").write(r.text+"\\n")
""",
    "weather grib hours": """
import urllib.request
for h in range(0,120,3):
    urllib.request.urlretrieve(f"https://nomads.example/gfs.t00z.f{h:03}.grib2", f"{h}.grib2")
""",
    "twilio sms": """
from twilio.rest import Client
import csv
c=Client("a","b")
for r in csv.DictReader(open("members.csv")):
    c.messages.create(to=r["phone"],from_="+1",body="hi")
""",
    "ollama rag local": """
import requests, glob
for f in glob.glob("docs/*.txt"):
    e=requests.post("http://localhost:11434/api/embeddings",json={"model":"m","prompt":open(f).read()}).json()
    print(len(e["embedding"]))
""",
    "plex library": """
from plexapi.server import PlexServer
import requests
p=PlexServer("http://192.168.1.5:32400","token")
for m in p.library.section("Films").all():
    open(m.title+".jpg","wb").write(requests.get(p.url(m.thumb,includeToken=True)).content)
""",
    "proxy check": """
import requests, concurrent.futures as cf
def ok(p):
    try: return requests.get("https://ip.acme.example",proxies={"https":p},timeout=3).ok
    except Exception: return False
with cf.ThreadPoolExecutor(5) as ex: print(list(ex.map(ok, open("own_proxies.txt"))))
""",
    "ci flaky jobs report": """
import gitlab, csv
gl=gitlab.Gitlab("https://git.acme.example",private_token="x")
w=csv.writer(open("f.csv","w"))
for j in gl.projects.get(1).jobs.list(iterator=True):
    w.writerow([j.id,j.user["username"],j.status])
""",
    "spotify playlists": """
import spotipy, json
sp=spotipy.Spotify(auth="t"); out=[]
r=sp.current_user_playlists()
while r:
    out+=r["items"]; r=sp.next(r)
json.dump(out,open("p.json","w"))
""",
}

LISTED = {
    "forms filled in for a table": """
from selenium import webdriver
from selenium.webdriver.common.by import By
import csv
d = webdriver.Chrome()
for row in csv.DictReader(open("expenses.csv")):
    d.get("https://erp.acme.example/expense/new")
    d.find_element(By.NAME, "amount").send_keys(row["amount"])
    d.find_element(By.ID, "save").click()
""",
    "visits of a staging site": """
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    page = p.chromium.launch().new_page()
    for path in ["/", "/pricing", "/about"]:
        page.goto("https://staging.acme.example" + path)
        page.screenshot(path=path.strip("/") + ".png")
""",
    "prices of five things": """
import requests, csv
from bs4 import BeautifulSoup
URLS = ["https://shop.example/1", "https://shop.example/2", "https://shop.example/3"]
w = csv.writer(open("prices.csv", "a"))
for url in URLS:
    w.writerow([url, BeautifulSoup(requests.get(url).text, "lxml").select_one(".price").text])
""",
    "who is in one's organisation on a code host": """
import os, requests
h = {"Authorization": "Bearer " + os.environ["GH_TOKEN"]}
page = 1
while True:
    members = requests.get("https://api.github.com/orgs/acme/members", params={"page": page}, headers=h).json()
    if not members:
        break
    for m in members:
        print(m["login"])
    page += 1
""",
    "map tiles of OSM area": """
import requests, os
for z in range(10,14):
    for x in range(500,520):
        for y in range(300,320):
            r=requests.get(f"https://tile.vendor.example/{z}/{x}/{y}.png",headers={"User-Agent":"myapp"})
            os.makedirs(f"t/{z}/{x}",exist_ok=True)
            open(f"t/{z}/{x}/{y}.png","wb").write(r.content)
""",
}
