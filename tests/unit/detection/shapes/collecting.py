"""Programs that collect: name → text. Each is a way that people really go about it; hosts and people are made up.

`FLAGGED` must be flagged by their code with nobody's help; `LISTED` are at least listed, and are flagged once their
connections or page loads speak as well.
"""

FLAGGED = {
    "lead list with requests": """
import csv, time, requests
from bs4 import BeautifulSoup
HEADERS = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}
with open("leads.csv", "w", newline="") as out:
    writer = csv.writer(out)
    for page in range(1, 200):
        html = requests.get(f"https://directory.example/dentists?page={page}", headers=HEADERS).text
        for card in BeautifulSoup(html, "lxml").select("div.card"):
            writer.writerow([card.h2.text, card.select_one("a.tel").text])
        time.sleep(2)
""",
    "alumni crawl by links": """
from urllib.parse import urljoin
import httpx, json
from selectolax.parser import HTMLParser
todo, seen, rows = ["https://alumni.example/class/1999"], set(), []
with httpx.Client() as client:
    while todo:
        url = todo.pop()
        if url in seen:
            continue
        seen.add(url)
        tree = HTMLParser(client.get(url).text)
        for a in tree.css("a"):
            todo.append(urljoin(url, a.attributes["href"]))
        rows += [{"name": node.text()} for node in tree.css(".graduate")]
json.dump(rows, open("alumni.json", "w"))
""",
    "forum harvest, recursive": """
import requests, sqlite3, lxml.html
db = sqlite3.connect("f.db")
def harvest(url, depth=0):
    doc = lxml.html.fromstring(requests.get(url).content)
    for post in doc.xpath("//div[@class='post']"):
        author = post.xpath("string(.//a[@class='author'])")
        db.execute("INSERT INTO posts VALUES (?, ?)", (author, post.text_content()))
    for href in doc.xpath("//a[@class='thread']/@href"):
        harvest(href, depth + 1)
harvest("https://forum.example/index")
""",
    "image board download": """
import os, requests
from bs4 import BeautifulSoup
def save(src):
    with open(os.path.basename(src), "wb") as f:
        f.write(requests.get(src).content)
for n in range(0, 11):
    soup = BeautifulSoup(requests.get("https://board.example/wg/%d" % n).text, "html.parser")
    for img in soup.find_all("img"):
        save(img["src"])
""",
    "text crawl for training data": """
import json, sys, requests, trafilatura
seen = set()
queue = [line.strip() for line in open(sys.argv[1])]
with open("corpus.jsonl", "a") as out:
    while queue:
        url = queue.pop(0)
        page = requests.get(url, timeout=10).text
        text = trafilatura.extract(page)
        out.write(json.dumps({"url": url, "text": text}) + "\\n")
        for link in trafilatura.spider.get_links(page):
            if link not in seen:
                seen.add(link); queue.append(link)
""",
    "text of a url list, many workers": """
import json, sys
from concurrent.futures import ThreadPoolExecutor
import requests
from readability import Document
from bs4 import BeautifulSoup
def one(url):
    r = requests.get(url, headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0)"}, timeout=10)
    return {"url": url, "text": BeautifulSoup(Document(r.text).summary(), "lxml").get_text()}
urls = [line.strip() for line in open("urls.txt")]
with ThreadPoolExecutor(32) as pool, open("shard-0001.jsonl", "w") as out:
    for row in pool.map(one, urls):
        out.write(json.dumps(row) + "\\n")
""",
    "job board walk": """
import asyncio, aiohttp, csv
from bs4 import BeautifulSoup
async def page(session, n):
    async with session.get("https://jobs.example/search", params={"q": "python", "start": n * 10}) as r:
        return BeautifulSoup(await r.text(), "html.parser").find_all("div", class_="job")
async def main():
    async with aiohttp.ClientSession() as session:
        found = await asyncio.gather(*[page(session, n) for n in range(100)])
    w = csv.writer(open("jobs.csv", "w"))
    for jobs in found:
        for job in jobs:
            w.writerow([job.h2.text, job.find("span", "company").text])
asyncio.run(main())
""",
    "real-estate agents' contacts": """
import re, requests, pandas as pd
rows = []
page = 1
while True:
    html = requests.get("https://homes.example/agents/?pg=" + str(page)).text
    found = re.findall(r'<a href="mailto:([^"]+)">', html)
    if not found:
        break
    rows.extend(found)
    page += 1
pd.DataFrame(rows).to_csv("agents.csv")
""",
    "paging a social network's interface with an application token": """
import os, json, requests
token = os.environ["APP_TOKEN"]
url = "https://graph.facebook.com/v12.0/me/friends?fields=name,likes&access_token=" + token
people = []
while url:
    answer = requests.get(url).json()
    people += answer["data"]
    url = answer.get("paging", {}).get("next")
json.dump(people, open("friends.json", "w"))
""",
    "graphql of a social network": """
import requests
URL = "https://www.instagram.com/graphql/query/"
cursor, out = "", []
session = requests.Session()
session.headers["Authorization"] = "Bearer abc"
while True:
    query = ("query($after: String) { user { followers(after: $after) { edges { node { username } } "
             "page_info { end_cursor has_next_page } } } }")
    data = session.post(URL, json={"query": query, "variables": {"after": cursor}}).json()
    edges = data["data"]["user"]["followers"]
    out += [e["node"]["username"] for e in edges["edges"]]
    if not edges["page_info"]["has_next_page"]:
        break
    cursor = edges["page_info"]["end_cursor"]
print(*out, sep="\\n", file=open("followers.txt", "w"))
""",
    "an official client paged for followers": """
import tweepy, csv
client = tweepy.Client("token")
w = csv.writer(open("followers.csv", "w"))
for page in tweepy.Paginator(client.get_users_followers, id=42, max_results=1000):
    for user in page.data:
        w.writerow([user.username, user.description])
""",
    "facebook's own sdk in a loop": """
import facebook
graph = facebook.GraphAPI("token")
friends = graph.get_connections("me", "friends")
everybody = []
while "next" in friends["paging"]:
    everybody += friends["data"]
    for friend in friends["data"]:
        everybody.append(graph.get_connections(friend["id"], "likes"))
    friends = graph.get_object(friends["paging"]["next"])
""",
    "sitemap crawl": """
import requests, re
from bs4 import BeautifulSoup
index = requests.get("https://shop.example/sitemap.xml").text
with open("all.tsv", "w") as out:
    for loc in re.findall(r"<loc>(.*?)</loc>", index):
        soup = BeautifulSoup(requests.get(loc).text, "lxml")
        out.write(loc + "\\t" + soup.title.text + "\\t" + soup.select_one(".price").text + "\\n")
""",
    "search engine dorking": """
import requests, time, random
from bs4 import BeautifulSoup
roles = [line.strip() for line in open("roles.txt")]
for role in roles:
    for start in range(0, 100, 10):
        q = f'site:linkedin.com/in "{role}" "@gmail.com"'
        r = requests.get("https://www.google.com/search", params={"q": q, "start": start},
                         headers={"User-Agent": random.choice(open("ua.txt").readlines()).strip()})
        for a in BeautifulSoup(r.text, "html.parser").select("div.g a"):
            print(a["href"])
        time.sleep(random.uniform(2, 5))
""",
    "search library in a loop": """
from googlesearch import search
import re, requests
for company in open("companies.txt"):
    for url in search(f"{company} contact email", num_results=20):
        page = requests.get(url).text
        for mail in set(re.findall(r"[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\\.[a-z]+", page)):
            print(company, mail)
""",
    "mail addresses over a list of pages": """
import re, sys, urllib.request
for line in sys.stdin:
    try:
        html = urllib.request.urlopen(line.strip(), timeout=5).read().decode("utf8", "ignore")
    except OSError:
        continue
    for mail in re.findall(r"[\\w.-]+@[\\w.-]+", html):
        print(mail, file=open("mails.txt", "a"))
""",
    "endless scrolling in a driven browser": """
from playwright.sync_api import sync_playwright
import json
with sync_playwright() as p:
    page = p.chromium.launch(headless=True).new_page()
    page.goto("https://social.example/explore")
    for _ in range(200):
        page.mouse.wheel(0, 15000)
        page.wait_for_timeout(800)
    posts = page.query_selector_all("article")
    json.dump([post.inner_text() for post in posts], open("posts.json", "w"))
""",
    "selenium: log in, walk profiles": """
import csv, time
from selenium import webdriver
from selenium.webdriver.common.by import By
driver = webdriver.Chrome()
driver.get("https://www.linkedin.com/login")
driver.find_element(By.ID, "username").send_keys("a@b.example")
driver.find_element(By.ID, "password").send_keys("x")
out = csv.writer(open("people.csv", "w"))
for line in open("profiles.txt"):
    driver.get(line.strip())
    time.sleep(4)
    out.writerow([driver.find_element(By.TAG_NAME, "h1").text, driver.page_source.count("Experience")])
""",
    "next button clicked on and on": """
from selenium import webdriver
from selenium.webdriver.common.by import By
d = webdriver.Firefox()
d.get("https://yellow.example/plumbers")
names = []
while True:
    names += [e.text for e in d.find_elements(By.CSS_SELECTOR, ".listing .phone")]
    try:
        d.find_element(By.LINK_TEXT, "Next").click()
    except Exception:
        break
open("plumbers.txt", "w").write("\\n".join(names))
""",
    "everything in a class, async queue": """
import asyncio, aiohttp, aiosqlite
from parsel import Selector
class Members:
    def __init__(self, base):
        self.base, self.queue = base, asyncio.Queue()
    async def work(self):
        async with aiohttp.ClientSession() as http:
            while True:
                url = await self.queue.get()
                async with http.get(url) as answer:
                    sel = Selector(await answer.text())
                await self.keep(sel.css("h1.member::text").get(), sel.css("a[href^='mailto:']::attr(href)").get())
                for href in sel.css("a.next::attr(href)").getall():
                    await self.queue.put(self.base + href)
    async def keep(self, name, mail):
        await self.db.execute("INSERT INTO members VALUES (?, ?)", (name, mail))
async def main():
    m = Members("https://club.example"); await m.queue.put("https://club.example/members")
    await asyncio.gather(*[m.work() for _ in range(8)])
asyncio.run(main())
""",
    "generator with while next": """
import httpx
from bs4 import BeautifulSoup as S
def pages(url):
    while url:
        s = S(httpx.get(url).text, "lxml")
        yield s
        nxt = s.find("a", rel="next")
        url = nxt["href"] if nxt else None
def main():
    with open("people.tsv", "w") as f:
        for s in pages("https://staff.example/list"):
            for p in s.select(".person"):
                print(p.get_text("\\t"), file=f)
if __name__ == "__main__":
    main()
""",
    "itertools count and a wrapper": """
from itertools import count
import requests
from pyquery import PyQuery
def fetch(path, **kw):
    for attempt in range(5):
        try:
            return requests.get("https://dir.example" + path, timeout=9, **kw)
        except requests.RequestException:
            continue
for i in count(1):
    d = PyQuery(fetch("/lawyers", params={"page": i}).text)
    rows = [e.text for e in d(".lawyer").find("a")]
    if not rows:
        break
    open("lawyers.txt", "a").writelines(rows)
""",
    "standard library only, raw connection": """
import http.client, re
c = http.client.HTTPSConnection("phonebook.example")
with open("numbers.txt", "w") as out:
    for n in range(1, 5000):
        c.request("GET", "/entry?id=%d" % n)
        body = c.getresponse().read().decode()
        out.write("\\n".join(re.findall(r'<span class="phone">([^<]+)', body)))
""",
    "a raw socket": """
import socket, ssl, re
def get(n):
    raw = socket.create_connection(("book.example", 443))
    s = ssl.create_default_context().wrap_socket(raw, server_hostname="book.example")
    s.sendall(b"GET /people?page=%d HTTP/1.1\\r\\nHost: book.example\\r\\nConnection: close\\r\\n\\r\\n" % n)
    data = b""
    while True:
        part = s.recv(65536)
        if not part:
            return data.decode()
        data += part
for n in range(1, 300):
    open("p.txt", "a").write(str(re.findall(r"<li class=.person.>(.*?)</li>", get(n))))
""",
    "asyncio streams": """
import asyncio, re
async def one(n):
    reader, writer = await asyncio.open_connection("site.example", 80)
    writer.write(f"GET /users?page={n} HTTP/1.0\\r\\nHost: site.example\\r\\n\\r\\n".encode())
    html = (await reader.read()).decode()
    return re.findall(r"[\\w.]+@[\\w.]+", html)
async def main():
    with open("m.txt", "w") as f:
        for part in await asyncio.gather(*[one(n) for n in range(500)]):
            f.write("\\n".join(part))
asyncio.run(main())
""",
    "pycurl": """
import pycurl, io, re
for page in range(1, 90):
    buf = io.BytesIO()
    c = pycurl.Curl()
    c.setopt(c.URL, "https://site.example/members?page=%d" % page)
    c.setopt(c.WRITEDATA, buf)
    c.perform()
    print(re.findall(r"<b>([^<]+)</b>", buf.getvalue().decode()), file=open("members.txt", "a"))
""",
    "address hidden in base64, names without meaning": """
import base64 as b, requests as r
from bs4 import BeautifulSoup as B
u = b.b64decode("aHR0cHM6Ly93d3cubGlua2VkaW4uY29tL3NlYXJjaC9wZW9wbGU/cGFnZT0=").decode()
o = open("o", "a")
for i in range(99):
    for x in B(r.get(u + str(i), headers={"User-Agent": "Mozilla/5.0 (Macintosh)"}).text, "lxml").select("li"):
        o.write(x.text)
""",
    "code in a literal, run by exec": """
import base64
exec(base64.b64decode("aW1wb3J0IHJlcXVlc3RzCmZyb20gYnM0IGltcG9ydCBCZWF1dGlmdWxTb3VwCm8gPSBvcGVuKCJvLmNzdiIsICJ3IikKZm9yIHAgaW4gcmFuZ2UoMSwgOTkpOgogICAgZm9yIGUgaW4gQmVhdXRpZnVsU291cChyZXF1ZXN0cy5nZXQoZiJodHRwczovL3MuZXhhbXBsZS9wZW9wbGU/cGFnZT17cH0iKS50ZXh0LCAibHhtbCIpLnNlbGVjdCgiLnBlcnNvbiIpOgogICAgICAgIG8ud3JpdGUoZS50ZXh0KQo="))
""",
    "libraries by import_module and getattr": """
import importlib
rq = importlib.import_module("req" + "uests")
bs = importlib.import_module("bs4")
go = getattr(rq, "get")
out = open("x.csv", "w")
for k in range(1, 400):
    page = getattr(rq, "get")("https://people.example/list?page=" + str(k))
    for row in bs.BeautifulSoup(page.text, "html.parser").find_all("tr"):
        out.write(row.text)
""",
    "threads over a queue": """
import threading, queue, requests
from bs4 import BeautifulSoup
q = queue.Queue()
for n in range(1, 1000):
    q.put("https://dating.example/profile?id=%d" % n)
def worker():
    while not q.empty():
        url = q.get()
        soup = BeautifulSoup(requests.get(url).text, "html.parser")
        with open("profiles.txt", "a") as f:
            f.write(soup.find("div", {"class": "bio"}).text)
for _ in range(10):
    threading.Thread(target=worker).start()
""",
    "a downloader started in a loop": """
import subprocess
for line in open("channels.txt"):
    subprocess.run(["yt-dlp", "-o", "%(id)s.%(ext)s", line.strip()], check=False)
""",
    "a downloader as module in a pool": """
import sys, subprocess
from multiprocessing.pool import ThreadPool
def grab(user):
    subprocess.call([sys.executable, "-m", "gallery_dl", f"https://gallery.example/{user}"])
ThreadPool(4).map(grab, open("users.txt").read().split())
""",
    "curl started in a loop": """
import subprocess, re
for page in range(1, 500):
    html = subprocess.check_output(["curl", "-s", f"https://site.example/people?page={page}"]).decode()
    with open("people.txt", "a") as f:
        f.writelines(re.findall(r'<span class="name">(.*?)</span>', html))
""",
    "tables of pandas, page by page": """
import pandas as pd
frames = []
for page in range(1, 60):
    frames.append(pd.read_html(f"https://register.example/physicians?page={page}")[0])
pd.concat(frames).to_excel("physicians.xlsx")
""",
    "curl_cffi that passes for a browser": """
from curl_cffi import requests
import lxml.html, json
out = []
for n in range(1, 80):
    doc = lxml.html.fromstring(requests.get(f"https://market.example/sellers?p={n}", impersonate="chrome").text)
    out += [a.text for a in doc.cssselect("a.seller")]
json.dump(out, open("sellers.json", "w"))
""",
    "profiles of a video platform, hidden json": """
import re, json, requests
for name in open("accounts.txt").read().split():
    html = requests.get("https://www.tiktok.com/@" + name, headers={"user-agent": "Mozilla/5.0 (iPhone)"}).text
    blob = re.search(r'<script id="data" type="application/json">(.*?)</script>', html).group(1)
    with open("profiles.jsonl", "a") as f:
        f.write(json.dumps(json.loads(blob)["user"]) + "\\n")
""",
    "groups of a messenger by their web pages": """
import requests, time
from bs4 import BeautifulSoup
before = None
with open("messages.txt", "w") as out:
    while True:
        soup = BeautifulSoup(requests.get("https://t.me/s/somegroup", params={"before": before}).text, "html.parser")
        posts = soup.select(".tgme_widget_message")
        if not posts:
            break
        before = posts[0]["data-post"].split("/")[1]
        out.writelines(p.text for p in posts)
""",
    "playwright async over contexts": """
import asyncio, csv
from playwright.async_api import async_playwright
async def scrape(browser, start):
    page = await browser.new_page()
    rows = []
    for n in range(start, start + 100):
        await page.goto(f"https://chamber.example/members/{n}")
        rows.append(await page.locator("h1").inner_text())
    return rows
async def main():
    async with async_playwright() as p:
        b = await p.chromium.launch()
        w = csv.writer(open("members.csv", "w"))
        for rows in await asyncio.gather(*(scrape(b, s) for s in range(0, 1000, 100))):
            w.writerows([r] for r in rows)
asyncio.run(main())
""",
    "reviews and their authors": """
import requests
from bs4 import BeautifulSoup
import pymongo
col = pymongo.MongoClient().reviews.all
for shop in open("shops.txt"):
    for offset in range(0, 500, 10):
        soup = BeautifulSoup(requests.get(f"https://www.tripadvisor.com/{shop.strip()}-or{offset}.html").text, "lxml")
        col.insert_many([{"author": r.select_one(".author").text, "text": r.p.text} for r in soup.select(".review")])
""",
    "search service with a key, for profiles": """
import os, requests, csv
out = csv.writer(open("profiles.csv", "w"))
for title in open("titles.txt"):
    for page in range(0, 100, 10):
        r = requests.get("https://serpapi.com/search", params={"q": f"site:linkedin.com/in {title}", "start": page,
                         "api_key": os.environ["KEY"]}).json()
        for hit in r["organic_results"]:
            out.writerow([hit["title"], hit["link"]])
""",
    "members of a code host, without a key": """
import requests, re, json
rows = []
for repo in open("repos.txt").read().split():
    for page in range(1, 50):
        html = requests.get(f"https://github.com/{repo}/stargazers?page={page}").text
        rows += re.findall(r'href="/([\\w-]+)" class="user-mention username"', html)
json.dump(rows, open("users.json", "w"))
""",
    "tuples and urllib": """
import re, sys
from urllib.request import Request, urlopen
from urllib.parse import urlencode
BASE = sys.argv[1]
def get(path, **q):
    req = Request(BASE + path + "?" + urlencode(q), headers={"User-Agent": "curl/8"})
    return urlopen(req).read().decode()
def main():
    n = 1
    fh = open(sys.argv[2], "a")
    while n < 500:
        for m in re.finditer(r'<td class="n">([^<]*)</td><td>([^<]*)</td>', get("/directory", page=n)):
            fh.write("\\t".join(m.groups()) + "\\n")
        n = n + 1
main()
""",
    "config dict, detail pages": """
import requests, json, logging, time
from bs4 import BeautifulSoup
CONF = {"base": "https://www.speakers.example", "list": "/speakers?letter={}", "out": "speakers.json"}
log = logging.getLogger(__name__)
class Collector:
    def __init__(self, conf):
        self.conf = conf
        self.http = requests.Session()
        self.rows = []
    def soup(self, path):
        r = self.http.get(self.conf["base"] + path)
        r.raise_for_status()
        return BeautifulSoup(r.text, "html.parser")
    def run(self):
        for letter in "abcdefghijklmnopqrstuvwxyz":
            for a in self.soup(self.conf["list"].format(letter)).select("a.speaker"):
                detail = self.soup(a["href"])
                self.rows.append({"name": detail.h1.text, "bio": detail.select_one(".bio").text})
                time.sleep(1)
        json.dump(self.rows, open(self.conf["out"], "w"))
Collector(CONF).run()
""",
    "aiohttp semaphore ids": """
import asyncio, aiohttp, json, lxml.html
SEM = asyncio.Semaphore(20)
async def user(s, uid):
    async with SEM, s.get(f"https://community.example/u/{uid}") as r:
        if r.status != 200: return None
        d = lxml.html.fromstring(await r.text())
        return {"id": uid, "nick": d.findtext(".//h1"), "about": d.xpath("string(//div[@id='about'])")}
async def main():
    async with aiohttp.ClientSession() as s:
        tasks = [asyncio.create_task(user(s, i)) for i in range(100000)]
        with open("users.jsonl", "w") as f:
            for t in asyncio.as_completed(tasks):
                row = await t
                if row: f.write(json.dumps(row) + "\\n")
asyncio.run(main())
""",
    "youtube comments via api": """
from googleapiclient.discovery import build
import csv
yt = build("youtube", "v3", developerKey="K")
w = csv.writer(open("comments.csv", "w"))
for vid in open("videos.txt"):
    req = yt.commentThreads().list(part="snippet", videoId=vid.strip(), maxResults=100)
    while req:
        res = req.execute()
        for it in res["items"]:
            s = it["snippet"]["topLevelComment"]["snippet"]
            w.writerow([s["authorDisplayName"], s["textDisplay"]])
        req = yt.commentThreads().list_next(req, res)
""",
    "tiktok hashtag via httpx": """
import httpx
cursor = 0
seen = []
with httpx.Client(headers={"User-Agent": "Mozilla/5.0 (Linux; Android)"}) as c:
    while True:
        j = c.get("https://www.tiktok.com/api/challenge/item_list/", params={"challengeID": 1, "cursor": cursor}).json()
        seen += [(i["author"]["uniqueId"], i["desc"]) for i in j["itemList"]]
        if not j["hasMore"]: break
        cursor = j["cursor"]
""",
    "manga images": """
import os, requests
from parsel import Selector
def chapter(url):
    sel = Selector(requests.get(url).text)
    for i, src in enumerate(sel.css("img.page::attr(src)").getall()):
        open(f"{i:03}.jpg", "wb").write(requests.get(src, headers={"Referer": url}).content)
    nxt = sel.css("a.next::attr(href)").get()
    if nxt:
        chapter(nxt)
chapter("https://manga.example/c/1")
""",
    "drission infinite": """
from DrissionPage import ChromiumPage
p = ChromiumPage()
p.get('https://www.xiaohongshu.com/search_result?keyword=x')
out=[]
for i in range(100):
    for n in p.eles('.note-item'):
        out.append(n.text)
    p.scroll.to_bottom()
    p.wait(2)
open('o.txt','w').write(str(out))
""",
    "puppeteer port pyppeteer": """
import asyncio
from pyppeteer import launch
async def main():
    b = await launch()
    p = await b.newPage()
    res = []
    for i in range(1, 60):
        await p.goto(f'https://gelbeseiten.example/suche?seite={i}')
        res += await p.evaluate("() => [...document.querySelectorAll('article')].map(a => a.innerText)")
    open('x.txt','w').write('\\n'.join(res))
asyncio.get_event_loop().run_until_complete(main())
""",
    "pagination by string and split parsing": """
import requests
f = open('members.csv','w')
p = 0
while p < 120:
    html = requests.get('https://verein.example/mitglieder?p=' + str(p)).text
    for part in html.split('<div class="mitglied">')[1:]:
        name = part.split('<b>')[1].split('</b>')[0]
        mail = part.split('mailto:')[1].split('"')[0]
        f.write(name + ';' + mail + '\\n')
    p += 1
""",
    "map over lambda": """
import requests as R, re, json
from multiprocessing.dummy import Pool
res = Pool(16).map(lambda i: re.findall('title="(.*?)"', R.get(f'http://x.example/p/{i}').text), range(9000))
json.dump(res, open('r.json','w'))
""",
    "company emails from website list (csv)": """
import csv, re, requests
from concurrent.futures import ThreadPoolExecutor, as_completed
EMAIL = re.compile(r"[A-Z0-9._%+-]+@[A-Z0-9.-]+\\.[A-Z]{2,}", re.I)
def grab(row):
    site = row["website"]
    for path in ("", "/contact", "/impressum"):
        try:
            t = requests.get(site + path, timeout=6).text
        except Exception:
            continue
        yield from EMAIL.findall(t)
with ThreadPoolExecutor(20) as ex, open("emails.csv","w") as out:
    fs = [ex.submit(lambda r: list(grab(r)), r) for r in csv.DictReader(open("companies.csv"))]
    for f in as_completed(fs):
        out.write("\\n".join(f.result()))
""",
    "mastodon followers": """
from mastodon import Mastodon
m = Mastodon(access_token="t", api_base_url="https://mastodon.social")
page = m.account_followers(1)
allf = []
while page:
    allf += [a.acct for a in page]
    page = m.fetch_next(page)
""",
    "os.system curl seq": """
import os
for i in range(1, 400):
    os.system(f"curl -s 'https://site.example/members?page={i}' >> members.html")
""",
    "gevent monkey pool": """
from gevent import monkey; monkey.patch_all()
from gevent.pool import Pool
import requests, lxml.html, csv
out = csv.writer(open('d.csv','w'))
def job(n):
    t = lxml.html.fromstring(requests.get('https://kanzlei.example/anwaelte/%d' % n).text)
    out.writerow([x.text for x in t.cssselect('.anwalt')])
pool = Pool(20)
for n in range(3000): pool.spawn(job, n)
pool.join()
""",
    "celery worker style": """
import requests, redis, json
from bs4 import BeautifulSoup
r = redis.Redis()
while True:
    item = r.blpop("urls")[1].decode()
    s = BeautifulSoup(requests.get(item).text, "lxml")
    for a in s.select("a[href*='/profile/']"):
        r.rpush("urls", a["href"])
    r.rpush("out", json.dumps({"n": s.select_one(".fullname").text}))
""",
    "stdin functional": """
import sys, functools, operator, requests
from lxml import html
pages = map(lambda n: requests.get(sys.argv[1], params=dict(p=n)).content, range(1, 80))
trees = map(html.fromstring, pages)
rows = (t.xpath("//h3/text()") for t in trees)
sys.stdout.writelines(x + "\\n" for r in rows for x in r)
""",
    "selenium helpers": """
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait
import json, time
def open_browser():
    o = webdriver.ChromeOptions(); o.add_argument("--disable-blink-features=AutomationControlled")
    return webdriver.Chrome(options=o)
def load(br, url):
    br.get(url); time.sleep(3)
    return br.page_source
def names(br):
    return [e.text for e in br.find_elements("css selector", ".result-name")]
def main():
    br = open_browser(); everything = []
    for p in range(1, 101):
        load(br, "https://www.xing.com/search/members?page=%s" % p)
        everything.extend(names(br))
    json.dump(everything, open("m.json", "w"))
main()
""",
    "playwright hashtags dl images": """
import asyncio, httpx
from playwright.async_api import async_playwright
async def main():
    async with async_playwright() as p:
        page = await (await p.chromium.launch()).new_page()
        await page.goto("https://www.instagram.com/explore/tags/cats/")
        urls=set()
        for _ in range(50):
            for i in await page.query_selector_all("img"):
                urls.add(await i.get_attribute("src"))
            await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        async with httpx.AsyncClient() as c:
            for n,u in enumerate(urls):
                open(f"{n}.jpg","wb").write((await c.get(u)).content)
asyncio.run(main())
""",
    "x search with bearer": """
import requests, os, csv
H={"Authorization": "Bearer "+os.environ["BEARER"]}
tok=None; w=csv.writer(open("t.csv","w"))
while True:
    p={"query":"election","max_results":100,"tweet.fields":"author_id"}
    if tok: p["next_token"]=tok
    j=requests.get("https://api.twitter.com/2/tweets/search/all",params=p,headers=H).json()
    for t in j["data"]: w.writerow([t["author_id"],t["text"]])
    tok=j["meta"].get("next_token")
    if not tok: break
""",
    "linkedin voyager": """
import requests
s = requests.Session(); s.cookies["li_at"] = open("c").read()
res=[]
for start in range(0, 1000, 49):
    j = s.get("https://www.linkedin.com/voyager/api/search/blended", params={"keywords":"cto","start":start}).json()
    res += [e["title"]["text"] for e in j["elements"]]
""",
    "generic crawler class with depth and robots": """
import urllib.robotparser, urllib.request, html.parser, collections, sqlite3, sys
class Links(html.parser.HTMLParser):
    def __init__(self): super().__init__(); self.found=[]
    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found += [v for k, v in attrs if k == "href"]
frontier = collections.deque([sys.argv[1]])
db = sqlite3.connect("pages.db"); seen=set()
while frontier:
    u = frontier.popleft()
    body = urllib.request.urlopen(u).read().decode("utf8","replace")
    db.execute("INSERT INTO pages VALUES (?,?)", (u, body))
    l = Links(); l.feed(body)
    for f in l.found:
        if f not in seen: seen.add(f); frontier.append(f)
""",
    "wget binding loop": """
import wget, requests, re
for i in range(1, 90):
    for src in re.findall(r'<img src="([^"]+)"', requests.get(f"https://pics.example/page/{i}").text):
        wget.download(src, out="img/")
""",
    "telethon members": """
from telethon.sync import TelegramClient
import csv
with TelegramClient("s", 1, "h") as c, open("m.csv","w") as f:
    w=csv.writer(f)
    for group in open("groups.txt"):
        for u in c.iter_participants(group.strip()):
            w.writerow([u.id,u.username,u.phone])
""",
    "a search library over a list of companies": """
from ddgs import DDGS
with open("found.txt", "w") as out:
    for company in open("companies.txt"):
        for hit in DDGS().text(company.strip() + " sales manager", max_results=30):
            out.write(hit["href"] + "\\n")
""",
}

LISTED = {
    "an open interface of unknown people": """
import requests, csv
w = csv.writer(open("people.csv", "w"))
page = 1
while True:
    rows = requests.get("https://api.dating.example/v1/profiles", params={"page": page}).json()["profiles"]
    if not rows:
        break
    w.writerows([r["nickname"], r["birthdate"]] for r in rows)
    page += 1
""",
    "an image board by its interface": """
import requests
for page in requests.get("https://a.board.example/wg/threads.json").json():
    for thread in page["threads"]:
        for post in requests.get(f"https://a.board.example/wg/thread/{thread['no']}.json").json()["posts"]:
            if "tim" in post:
                image = f"{post['tim']}{post['ext']}"
                with open(image, "wb") as f:
                    f.write(requests.get("https://i.board.example/wg/" + image).content)
""",
    "products of a shop, printed": """
import requests
from bs4 import BeautifulSoup
for p in range(1, 40):
    for e in BeautifulSoup(requests.get(f"https://shop.example/list?p={p}").text, "lxml").select(".product"):
        print(e.h3.text)
""",
    "a driven browser over a list": """
from selenium import webdriver
d = webdriver.Chrome()
for url in open("urls.txt"):
    d.get(url)
    d.save_screenshot(url.strip().split("/")[-1] + ".png")
""",
    "text of pages for a reading list": """
import requests, trafilatura, pathlib
for i, url in enumerate(open("toread.txt")):
    pathlib.Path(f"{i}.md").write_text(trafilatura.extract(requests.get(url.strip()).text) or "")
""",
}
