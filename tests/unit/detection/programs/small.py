"""Programs in Perl, Ruby, PHP, Lua, R, PowerShell, Go and Java, as people write them. They are read, never run."""

# ruff: noqa: E501 - programs stand here as people write them, in one line too

COLLECTING = {
    "perl": {
        "LWP and a pattern": """
use strict; use LWP::UserAgent;
my $ua = LWP::UserAgent->new(agent => 'Mozilla/5.0 (X11; Linux)');
open(my $out, '>', 'emails.txt');
for my $page (1..200) {
  my $res = $ua->get("https://site.example/people?page=$page");
  while ($res->decoded_content =~ /([\\w.]+@[\\w.]+)/g) { print $out "$1\\n"; }
  sleep 1;
}
""",
        "Mechanize follows next": """
use WWW::Mechanize;
my $mech = WWW::Mechanize->new;
$mech->get('https://directory.example/members');
while (my $next = $mech->find_link(text => 'Next')) {
  foreach my $l ($mech->find_all_links(url_regex => qr/profile/)) { $mech->get($l->url); print $mech->text; $mech->back; }
  $mech->get($next->url);
}
""",
        "Mojo over a list": """
use Mojo::UserAgent; use Mojo::File 'path';
my $ua = Mojo::UserAgent->new;
my @users = split /\\n/, path('users.txt')->slurp;
for my $user (@users) {
  my $dom = $ua->get("https://www.instagram.com/$user/")->res->dom;
  path('followers.csv')->spew($dom->at('meta[name=description]')->attr('content'));
}
""",
        "HTTP::Tiny and TreeBuilder": """
use HTTP::Tiny; use HTML::TreeBuilder; use Text::CSV;
my $csv = Text::CSV->new;
my $n = 0;
while ($n < 5000) {
  my $r = HTTP::Tiny->new->get("https://alumni.example/list?offset=$n");
  my $tree = HTML::TreeBuilder->new_from_content($r->{content});
  $csv->print(*STDOUT, [ $_->as_text ]) for $tree->look_down(class => 'alumnus email');
  $n += 50;
}
""",
        "one line": 'use LWP::Simple;\nfor (1..300) { $_ = get("https://site.example/users?page=$_"); print OUT "$1\\n" while /mailto:([^"]+@[^"]+)"/g }',
    },
    "ruby": {
        "open-uri and nokogiri": """
require 'open-uri'
require 'nokogiri'
require 'csv'
CSV.open('people.csv', 'w') do |csv|
  (1..120).each do |page|
    doc = Nokogiri::HTML(URI.open("https://site.example/people?page=#{page}"))
    doc.css('li.person').each { |li| csv << [li.at_css('a').text, li.at_css('.email').text] }
  end
end
""",
        "mechanize until the end": """
require 'mechanize'
agent = Mechanize.new
agent.user_agent_alias = 'Mac Safari'
page = agent.get('https://directory.example/members')
while page
  page.search('.member').each { |m| File.open('m.txt', 'a') { |f| f.write(m.at('.phone').text) } }
  link = page.link_with(text: 'Next')
  page = link ? link.click : nil
  page = agent.get(link.href) if link
end
""",
        "httparty over names": """
require 'httparty'; require 'json'
File.readlines('names.txt', chomp: true).each do |name|
  r = HTTParty.get("https://www.tiktok.com/@#{name}", headers: { 'User-Agent' => 'Mozilla/5.0 (Windows NT 10.0)' })
  File.write("out/#{name}.json", r.body[/"userInfo":(\\{.*?\\})</, 1])
  sleep rand(3)
end
""",
        "ferrum": """
require "ferrum"
browser = Ferrum::Browser.new
50.times do |i|
  browser.go_to("https://dating.example/browse?page=#{i}")
  browser.css(".profile").each { |p| File.write("p.txt", p.text, mode: "a") }
end
browser.quit
""",
        "net/http recursion": """
require 'net/http'; require 'nokogiri'; require 'set'
$seen = Set.new
def crawl(url)
  return if $seen.include?(url)
  $seen.add(url)
  doc = Nokogiri::HTML(Net::HTTP.get(URI(url)))
  puts doc.css('.staff .email').map(&:text)
  doc.css('a[href]').each { |a| crawl(URI.join(url, a['href']).to_s) }
end
crawl 'https://uni.example/staff'
""",
        "threads": """
require 'faraday'
require 'nokolexbor'
conn = Faraday.new('https://realtors.example')
1.upto(400).each_slice(10) do |ids|
  ids.map { |id| Thread.new { Nokolexbor::HTML(conn.get("/agents/#{id}").body).css('.phone').each { |n| File.write('a', n.text) } } }.each(&:join)
end
""",
    },
    "php": {
        "curl and DOM": """<?php
$fh = fopen('people.csv', 'w');
for ($page = 1; $page <= 200; $page++) {
    $ch = curl_init("https://site.example/people?page=$page");
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    $html = curl_exec($ch);
    $dom = new DOMDocument(); @$dom->loadHTML($html);
    $x = new DOMXPath($dom);
    foreach ($x->query('//li[@class="person"]') as $n) fputcsv($fh, [$n->textContent]);
}
""",
        "guzzle and crawler": """<?php
require 'vendor/autoload.php';
use GuzzleHttp\\Client;
use Symfony\\Component\\DomCrawler\\Crawler;
$client = new Client(['base_uri' => 'https://directory.example']);
$next = '/members';
while ($next) {
    $crawler = new Crawler((string) $client->get($next)->getBody());
    $crawler->filter('.member')->each(fn ($n) => file_put_contents('m.txt', $n->filter('.email')->text(), FILE_APPEND));
    $link = $crawler->filter('a[rel=next]');
    $next = $link->count() ? $link->attr('href') : null;
}
""",
        "file_get_contents": """<?php
foreach (file('users.txt', FILE_IGNORE_NEW_LINES) as $user) {
    $html = file_get_contents("https://www.instagram.com/$user/");
    preg_match('/<meta property="og:description" content="([^"]+)"/', $html, $m);
    file_put_contents('followers.csv', "$user,{$m[1]}\\n", FILE_APPEND);
    sleep(2);
}
""",
        "simple_html_dom": """<?php
include 'simple_html_dom.php';
$i = 1;
do {
  $html = file_get_html('https://doctors.example/list?page=' . $i++);
  foreach ($html->find('div.doctor') as $d) echo $d->find('.phone', 0)->plaintext, "\\n";
} while ($html->find('a.next'));
""",
        "goutte class": """<?php
use Goutte\\Client;
class MemberHarvester {
  private $client;
  public function __construct() { $this->client = new Client(); }
  public function page(int $n): array {
    $c = $this->client->request('GET', "https://chamber.example/members/page/$n");
    return $c->filter('.contact')->each(function ($x) { return [$x->filter('.name')->text(), $x->filter('.email')->text()]; });
  }
  public function all() { $out = fopen('c.csv', 'w'); for ($n = 1; $n < 90; $n++) foreach ($this->page($n) as $r) fputcsv($out, $r); }
}
(new MemberHarvester())->all();
""",
        "panther": """<?php
use Symfony\\Component\\Panther\\Client;
$client = Client::createChromeClient();
foreach (range(1, 50) as $p) {
  $crawler = $client->request('GET', 'https://jobs.example/candidates?page=' . $p);
  file_put_contents('c.txt', $crawler->filter('.candidate')->text(), FILE_APPEND);
}
""",
    },
    "lua": {
        "luasocket": """
local http = require("socket.http")
local out = io.open("emails.txt", "w")
for page = 1, 300 do
  local body = http.request("https://site.example/people?page=" .. page)
  for mail in body:gmatch("[%w.]+@[%w.]+") do out:write(mail, "\\n") end
end
""",
        "a list and a parser": """
local https = require "ssl.https"
local htmlparser = require "htmlparser"
for user in io.lines("users.txt") do
  local body = https.request("https://forum.example/profile/" .. user)
  local root = htmlparser.parse(body)
  for _, e in ipairs(root:select(".email")) do io.open("o.txt", "a"):write(e:getcontent()) end
end
""",
        "while": """
local requests = require('requests')
local gumbo = require('gumbo')
local n = 0
while n < 4000 do
  local r = requests.get('https://alumni.example/list?offset=' .. n)
  for a in r.text:gmatch('<a class="profile" href="([^"]+)"') do file:write(a) end
  n = n + 20
end
""",
    },
    "r": {
        "rvest in a loop": """
library(rvest)
res <- list()
for (i in 1:150) {
  page <- read_html(paste0("https://site.example/people?page=", i))
  res[[i]] <- data.frame(name = page %>% html_elements(".name") %>% html_text(), email = page %>% html_elements(".email") %>% html_text())
  Sys.sleep(1)
}
write.csv(do.call(rbind, res), "people.csv")
""",
        "map_dfr": """
library(tidyverse)
library(rvest)
scrape_profile <- function(url) {
  page <- read_html(url)
  tibble(name = html_text2(html_element(page, "h1")), email = html_text2(html_element(page, "a[href^='mailto:']")))
}
links <- read_html("https://uni.example/staff") |> html_elements("a.person") |> html_attr("href")
staff <- map_dfr(links, scrape_profile)
write_csv(staff, "staff.csv")
""",
        "polite": """
library(polite); library(rvest)
session <- bow("https://forum.example", delay = 5)
members <- lapply(1:80, function(p) {
  scrape(nod(session, "memberlist"), query = list(page = p)) |> html_elements(".username") |> html_text()
})
saveRDS(members, "members.rds")
""",
        "httr with json": """
library(httr); library(jsonlite)
offset <- 0
while (TRUE) {
  r <- GET(paste0("https://www.dating.example/api/users?offset=", offset), add_headers(`User-Agent` = "Mozilla/5.0 (X11; Linux)"))
  d <- fromJSON(content(r, "text"))
  if (length(d$users) == 0) break
  write.table(d$users[, c("username", "fullName", "email")], "users.csv", append = TRUE)
  offset <- offset + 50
}
""",
        "RSelenium": """
library(RSelenium)
remDr <- remoteDriver(port = 4444L)
remDr$open()
for (p in 1:40) {
  remDr$navigate(paste0("https://dating.example/browse?page=", p))
  els <- remDr$findElements("css", ".profile")
  cat(sapply(els, function(e) e$getElementText()), file = "p.txt", append = TRUE)
}
""",
    },
    "powershell": {
        "pages": """
1..200 | ForEach-Object {
  $r = Invoke-WebRequest -Uri "https://site.example/people?page=$_" -UserAgent "Mozilla/5.0 (Windows NT 10.0)"
  [regex]::Matches($r.Content, '[\\w.]+@[\\w.]+') | ForEach-Object { Add-Content emails.txt $_.Value }
}
""",
        "a list of profiles": """
foreach ($user in Get-Content users.txt) {
  $html = (Invoke-WebRequest "https://www.instagram.com/$user/").Content
  if ($html -match '<meta property="og:description" content="([^"]+)"') { "$user,$($Matches[1])" | Out-File followers.csv -Append }
  Start-Sleep -Seconds 2
}
""",
        "links": """
$p = 1
while ($true) {
  $page = Invoke-WebRequest "https://directory.example/members?page=$p"
  $m = $page.Links | Where-Object { $_.href -like '*/profile/*' }
  if (-not $m) { break }
  $m | Select-Object href, innerText | Export-Csv members.csv -Append
  $p++
}
""",
        "WebClient": """
$wc = New-Object System.Net.WebClient
for ($i = 1; $i -le 500; $i++) {
  $html = $wc.DownloadString("https://alumni.example/profile?id=$i")
  [regex]::Matches($html, 'class="email">([^<]+)<') | % { $_.Groups[1].Value } | Add-Content emails.txt
}
""",
    },
    "go": {
        "goquery": """package main
import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"github.com/PuerkitoBio/goquery"
)
func main() {
	w := csv.NewWriter(os.Stdout)
	for page := 1; page <= 200; page++ {
		res, err := http.Get(fmt.Sprintf("https://site.example/people?page=%d", page))
		if err != nil { continue }
		doc, _ := goquery.NewDocumentFromReader(res.Body)
		doc.Find("li.person").Each(func(i int, s *goquery.Selection) { w.Write([]string{s.Find(".name").Text(), s.Find(".email").Text()}) })
	}
	w.Flush()
}
""",
        "colly": """package main
import (
	"os"
	"github.com/gocolly/colly/v2"
)
func main() {
	f, _ := os.Create("emails.txt")
	c := colly.NewCollector()
	c.OnHTML("a[href]", func(e *colly.HTMLElement) { e.Request.Visit(e.Attr("href")) })
	c.OnHTML(".member .email", func(e *colly.HTMLElement) { f.WriteString(e.Text) })
	c.Visit("https://directory.example/members")
}
""",
        "chromedp": """package main
import (
	"context"
	"fmt"
	"os"
	"github.com/chromedp/chromedp"
)
func main() {
	ctx, _ := chromedp.NewContext(context.Background())
	for i := 1; i < 50; i++ {
		var html string
		chromedp.Run(ctx, chromedp.Navigate(fmt.Sprintf("https://dating.example/browse?page=%d", i)), chromedp.OuterHTML(".profiles", &html))
		os.WriteFile(fmt.Sprintf("p%d.html", i), []byte(html), 0o644)
	}
}
""",
        "goroutines over a file": """package main
import ("bufio"; "io"; "net/http"; "os"; "regexp")
var mail = regexp.MustCompile(`[\\w.]+@[\\w.]+`)
func one(user string, out chan<- string) {
	res, err := http.Get("https://forum.example/profile/" + user)
	if err != nil { return }
	b, _ := io.ReadAll(res.Body)
	for _, m := range mail.FindAllString(string(b), -1) { out <- m }
}
func main() {
	f, _ := os.Open("users.txt")
	s := bufio.NewScanner(f)
	out := make(chan string)
	for s.Scan() { go one(s.Text(), out) }
	o, _ := os.Create("mails.txt")
	for m := range out { o.WriteString(m) }
}
""",
    },
    "java": {
        "jsoup": """
import java.io.*; import org.jsoup.Jsoup; import org.jsoup.nodes.*;
public class Report {
  public static void main(String[] a) throws Exception {
    try (PrintWriter out = new PrintWriter(new FileWriter("people.csv"))) {
      for (int page = 1; page <= 200; page++) {
        Document doc = Jsoup.connect("https://site.example/people?page=" + page).userAgent("Mozilla/5.0 (X11; Linux)").get();
        for (Element li : doc.select("li.person")) out.println(li.select(".name").text() + "," + li.select(".email").text());
      }
    }
  }
}
""",
        "http client and patterns": """
import java.net.URI; import java.net.http.*; import java.nio.file.*; import java.util.regex.*;
class Collect {
  static final HttpClient client = HttpClient.newHttpClient();
  static String fetch(String url) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString()).body();
  }
  public static void main(String[] args) throws Exception {
    for (String user : Files.readAllLines(Path.of("users.txt"))) {
      Matcher m = Pattern.compile("class=\\"email\\">([^<]+)<").matcher(fetch("https://forum.example/profile/" + user));
      while (m.find()) Files.writeString(Path.of("out.txt"), m.group(1), StandardOpenOption.APPEND);
    }
  }
}
""",
        "selenium": """
import org.openqa.selenium.*; import org.openqa.selenium.chrome.ChromeDriver; import java.io.*;
public class Walk {
  public static void main(String[] args) throws IOException {
    WebDriver driver = new ChromeDriver();
    FileWriter w = new FileWriter("p.txt");
    for (int i = 0; i < 60; i++) {
      driver.get("https://dating.example/browse?page=" + i);
      for (WebElement e : driver.findElements(By.cssSelector(".profile"))) w.write(e.getText());
    }
    driver.quit();
  }
}
""",
        "a queue of links": """
import org.jsoup.Jsoup; import org.jsoup.nodes.*; import java.util.*;
public class Crawl {
  public static void main(String[] args) throws Exception {
    Deque<String> queue = new ArrayDeque<>(List.of("https://company.example/team")); Set<String> seen = new HashSet<>();
    while (!queue.isEmpty()) {
      String url = queue.poll();
      Document doc = Jsoup.connect(url).get();
      for (Element a : doc.select("a[href]")) if (seen.add(a.absUrl("href"))) queue.add(a.absUrl("href"));
      for (Element e : doc.select("a[href^=mailto]")) java.nio.file.Files.writeString(java.nio.file.Path.of("m.txt"), e.text());
    }
  }
}
""",
    },
}

ORDINARY = {
    "perl": {
        "text": 'while (<>) { my @f = split /,/; $sum += $f[2]; print "$f[0] $sum\\n"; }',
        "logs": "open(F, '<', 'app.log'); while (<F>) { if (/user=(\\S+@\\S+)/) { $n{$1}++ } } print \"$_ $n{$_}\\n\" for sort keys %n;",
        "one request": "use LWP::Simple; my $ip = get('https://ip.example/'); print $ip;",
        "health": "use LWP::UserAgent; my $ua = LWP::UserAgent->new; while (1) { my $r = $ua->get('https://service.example/health'); print $r->status_line; sleep 30; }",
        "tests": 'use Test::More; use HTTP::Tiny; for my $p (qw(a b)) { my $r = HTTP::Tiny->new->get("http://localhost:3000/$p"); ok($r->{success}); } done_testing();',
        "link check": 'use LWP::UserAgent; my $ua = LWP::UserAgent->new; open F, \'links.txt\'; while (my $u = <F>) { chomp $u; my $r = $ua->head($u); print "$u ", $r->code, "\\n" unless $r->is_success; }',
        "server": "use Mojolicious::Lite; get '/' => sub { my $c = shift; $c->render(json => $c->ua->get('https://api.example/me')->res->json) }; app->start;",
        "rename": "for my $f (glob '*.jpeg') { (my $n = $f) =~ s/jpeg$/jpg/; rename $f, $n; }",
        "feeds": "use XML::Feed; use URI; for my $u (qw(https://a.example/rss https://b.example/rss)) { my $f = XML::Feed->parse(URI->new($u)); print $_->title for $f->entries; }",
        "backup": 'for my $db (qw(users orders)) { system("pg_dump $db | gzip > $db.gz"); }',
    },
    "ruby": {
        "sinatra": "require 'sinatra'; require 'httparty'\nget '/people' do\n  HTTParty.get('https://api.example/me').body\nend",
        "rspec": "require 'rspec'\ndescribe 'pages' do\n  %w[a b].each do |p|\n    it p do\n      expect(HTTParty.get(\"https://staging.example/#{p}\").code).to eq 200\n    end\n  end\nend",
        "rake": "task :build do\n  Dir['src/*.md'].each { |f| sh \"pandoc #{f} -o out/#{f}.html\" }\nend",
        "translations": "require 'net/http'\n%w[de fr it].each do |l|\n  File.write(\"config/#{l}.yml\", Net::HTTP.get(URI(\"https://translate.vendor.example/api/#{l}?api_key=#{ENV['KEY']}\")))\nend",
        "health": "require 'net/http'\nloop do\n  puts Net::HTTP.get_response(URI('https://service.example/health')).code\n  sleep 10\nend",
        "octokit": "require 'octokit'\nc = Octokit::Client.new(access_token: ENV['TOKEN'])\nc.pull_requests('acme/app', state: 'closed').each { |p| puts p.title }",
        "mail": "require 'net/smtp'\nFile.readlines('members.txt').each { |m| Net::SMTP.start('smtp.example') { |s| s.send_message('hi', 'a@b.example', m) } }",
        "link check": "require 'net/http'\nFile.readlines('links.txt', chomp: true).each do |u|\n  r = Net::HTTP.get_response(URI(u))\n  puts \"#{u} #{r.code}\" unless r.code == '200'\nend",
        "local": "require 'nokogiri'\nDir['export/*.html'].each { |f| puts Nokogiri::HTML(File.read(f)).css('.email').text }",
        "feeds": "require 'rss'; require 'open-uri'\n%w[https://a.example/rss https://b.example/rss].each { |u| URI.open(u) { |r| RSS::Parser.parse(r).items.each { |i| puts i.title } } }",
        "one page": "require 'nokogiri'; require 'open-uri'\nputs Nokogiri::HTML(URI.open('https://news.example/')).css('h2').map(&:text)",
        "retry": "require 'net/http'\nattempts = 0\nbegin\n  attempts += 1\n  Net::HTTP.get(URI('https://api.example/config'))\nrescue\n  retry if attempts < 5\nend",
    },
    "php": {
        "laravel": "<?php\nuse Illuminate\\Support\\Facades\\Route;\nRoute::get('/people', fn () => User::all());\nforeach (['a', 'b'] as $p) Route::get($p, fn () => view($p));",
        "phpunit": "<?php\nuse PHPUnit\\Framework\\TestCase;\nclass ApiTest extends TestCase { public function testPages() { foreach (['users', 'teams'] as $p) { $r = file_get_contents(\"http://localhost:8000/$p\"); $this->assertSame(200, http_response_code()); } } }",
        "webhook": "<?php\n$ch = curl_init('https://hooks.slack.example/T0/B0'); curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode(['text' => 'deployed'])); curl_exec($ch);",
        "weather": "<?php\nforeach (['Bern', 'Basel'] as $c) { $d = json_decode(file_get_contents(\"https://weather.example/v1?q=$c\")); echo $d->temp; }",
        "health": "<?php\nwhile (true) { echo file_get_contents('https://service.example/health'); sleep(10); }",
        "orders": "<?php\n$token = getenv('API_TOKEN'); $page = 1;\ndo { $ch = curl_init(\"https://shop.example/admin/api/orders.json?page=$page\"); curl_setopt($ch, CURLOPT_HTTPHEADER, [\"Authorization: Bearer $token\"]); $d = json_decode(curl_exec($ch), true); foreach ($d['orders'] as $o) echo $o['total'], \"\\n\"; $page++; } while ($d['orders']);",
        "local": "<?php\nforeach (glob('export/*.html') as $f) { $d = new DOMDocument(); $d->loadHTML(file_get_contents($f)); echo $d->getElementsByTagName('h1')->item(0)->textContent; }",
        "mail": "<?php\nuse PHPMailer\\PHPMailer\\PHPMailer;\nforeach (file('members.txt') as $m) { $mail = new PHPMailer(true); $mail->addAddress($m); $mail->send(); }",
        "feeds": "<?php\nforeach (['https://a.example/rss.xml', 'https://b.example/rss.xml'] as $u) { $x = simplexml_load_file($u); foreach ($x->channel->item as $i) echo $i->title; }",
        "composer": "<?php\n$json = json_decode(file_get_contents('composer.json'), true);\nforeach ($json['require'] as $n => $v) { echo shell_exec(\"composer show $n\"); }",
        "upload": "<?php\nforeach (glob('dist/*') as $f) { $ch = curl_init('https://artifacts.example/' . basename($f)); curl_setopt($ch, CURLOPT_PUT, true); curl_setopt($ch, CURLOPT_CUSTOMREQUEST, 'PUT'); curl_exec($ch); }",
        "image": '<?php\nfor ($i = 0; $i < 10; $i++) { $im = imagecreatetruecolor(10, 10); imagepng($im, "t$i.png"); }',
    },
    "lua": {
        "love": "function love.update(dt) for i, e in ipairs(enemies) do e.x = e.x + dt end end",
        "one request": 'local http = require("socket.http")\nprint(http.request("https://ip.example/"))',
        "health": 'local http = require("socket.http")\nwhile true do print(http.request("https://service.example/health")) socket.sleep(5) end',
        "files": 'for line in io.lines("in.csv") do local name, mail = line:match("([^,]+),([^,]+)") print(name) end',
        "test": 'local http = require("socket.http")\ndescribe("pages", function() for _, p in ipairs({"a", "b"}) do it(p, function() assert.equal(http.request("http://localhost/" .. p), "ok") end) end end)',
        "build": 'for _, f in ipairs({"a", "b"}) do os.execute("gcc -c " .. f .. ".c") end',
    },
    "r": {
        "analysis": 'library(dplyr); d <- read.csv("people.csv"); for (v in names(d)) print(summary(d[[v]])); d %>% group_by(city) %>% summarise(n = n())',
        "shiny": 'library(shiny); library(httr)\nserver <- function(input, output) { output$p <- renderTable(content(GET(paste0("https://api.example/people?page=", input$n)))) }\nshinyApp(fluidPage(), server)',
        "dataset": 'for (y in 2015:2020) download.file(paste0("https://data.climate.example/grids/", y, ".csv"), paste0(y, ".csv"))',
        "one table": 'library(rvest); t <- read_html("https://wiki.example/Cantons") |> html_element("table") |> html_table(); write.csv(t, "cantons.csv")',
        "tests": 'library(testthat); test_that("pages", { for (p in c("a", "b")) expect_equal(httr::status_code(httr::GET(paste0("http://localhost:8000/", p))), 200) })',
        "stocks": 'library(quantmod); for (s in c("AAPL", "MSFT")) getSymbols(s)',
        "interface": 'library(httr)\nfor (s in c("BE", "ZH")) { r <- GET(paste0("https://api.statistics.example/v1/series/", s), add_headers(Authorization = paste("Bearer", Sys.getenv("TOKEN")))); write.csv(content(r), paste0(s, ".csv")) }',
        "packages": 'for (p in c("dplyr", "rvest")) install.packages(p)',
        "simulation": 'r <- sapply(1:1000, function(i) mean(rnorm(100))); saveRDS(r, "r.rds")',
    },
    "powershell": {
        "accounts": 'Import-Module ActiveDirectory\nforeach ($u in Get-ADUser -Filter *) { Set-ADUser $u -EmailAddress "$($u.SamAccountName)@acme.example" }',
        "health": "while ($true) { Invoke-WebRequest 'https://service.example/health' | Out-Null; Start-Sleep 30 }",
        "installer": '$v = (Invoke-RestMethod https://api.github.com/repos/acme/tool/releases/latest).tag_name\nInvoke-WebRequest "https://github.com/acme/tool/releases/download/$v/tool.zip" -OutFile tool.zip\nExpand-Archive tool.zip',
        "services": "Get-Service | Where-Object Status -eq Stopped | ForEach-Object { Start-Service $_ }",
        "pester": "Describe 'api' { It 'answers' { foreach ($p in 'a','b') { (Invoke-WebRequest \"http://localhost/$p\").StatusCode | Should -Be 200 } } }",
        "webhook": "foreach ($c in 'dev','ops') { Invoke-RestMethod -Method Post -Uri \"https://chat.example/hooks/$c\" -Body '{\"text\":\"deployed\"}' }",
        "tools": "foreach ($t in 'kubectl','helm') { Invoke-WebRequest \"https://dl.example/$t.exe\" -OutFile \"$t.exe\" }",
        "files": "Get-ChildItem *.log | ForEach-Object { Select-String -Path $_ -Pattern '[\\w.]+@[\\w.]+' }",
        "graph with a key": '$h = @{ Authorization = "Bearer $env:TOKEN" }\nforeach ($p in 1..3) { Invoke-RestMethod "https://gitlab.example.com/api/v4/projects?page=$p" -Headers $h | Select-Object name }',
    },
    "go": {
        "server": 'package main\nimport "net/http"\nfunc main() { for _, p := range []string{"/a", "/b"} { http.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) { http.Get("https://api.example" + p) }) }; http.ListenAndServe(":80", nil) }',
        "health": 'package main\nimport ("net/http"; "time"; "log")\nfunc main() { for { r, _ := http.Get("https://service.example/health"); log.Println(r.StatusCode); time.Sleep(time.Minute) } }',
        "tests": 'package main\nimport ("net/http"; "testing")\nfunc TestPages(t *testing.T) { for _, p := range pages { r, err := http.Get(base + "/people?page=" + p); if err != nil || r.StatusCode != 200 { t.Fatal(p) } } }',
        "client": 'package main\nimport ("encoding/json"; "fmt"; "net/http"; "os")\nfunc main() { for page := 1; page < 5; page++ { req, _ := http.NewRequest("GET", fmt.Sprintf("https://gitlab.example.com/api/v4/issues?page=%d", page), nil); req.Header.Set("PRIVATE-TOKEN", os.Getenv("TOKEN")); res, _ := http.DefaultClient.Do(req); var v []Issue; json.NewDecoder(res.Body).Decode(&v); fmt.Println(len(v)) } }',
        "files": 'package main\nimport ("os"; "fmt")\nfunc main() { es, _ := os.ReadDir("."); for _, e := range es { fmt.Println(e.Name()) } }',
        "one page": 'package main\nimport ("net/http"; "github.com/PuerkitoBio/goquery"; "fmt")\nfunc main() { r, _ := http.Get("https://news.example/"); d, _ := goquery.NewDocumentFromReader(r.Body); fmt.Println(d.Find("h2").Text()) }',
        "retry": 'package main\nimport ("net/http"; "time")\nfunc get(url string) *http.Response { for attempt := 0; attempt < 5; attempt++ { r, err := http.Get(url); if err == nil { return r }; time.Sleep(time.Second) }; return nil }\nfunc main() { get("https://api.example/v1/config") }',
        "link check": 'package main\nimport ("bufio"; "fmt"; "net/http"; "os")\nfunc main() { s := bufio.NewScanner(os.Stdin); for s.Scan() { r, err := http.Head(s.Text()); if err != nil || r.StatusCode != 200 { fmt.Println(s.Text(), r.StatusCode) } } }',
    },
    "java": {
        "spring": '@RestController\nclass People { @GetMapping("/people") List<Person> all() { for (Person p : repo.findAll()) log.info(p.getEmail()); return repo.findAll(); } public static void main(String[] a) { SpringApplication.run(People.class, a); } }',
        "junit": 'import org.junit.jupiter.api.Test; import java.net.http.*;\nclass ApiTest { @Test void pages() throws Exception { for (String p : new String[]{"a", "b"}) { var r = client.send(HttpRequest.newBuilder(URI.create("http://localhost:8080/" + p)).build(), BodyHandlers.ofString()); assertEquals(200, r.statusCode()); } } }',
        "selenium test": 'import org.junit.Test; import org.openqa.selenium.*;\npublic class LoginTest { @Test public void login() { for (String u : users) { driver.get("https://staging.example/login?u=" + u); assertTrue(driver.findElement(By.id("name")).isDisplayed()); } } }',
        "health": 'import java.net.*;\nclass Ping { public static void main(String[] a) throws Exception { while (true) { var c = (HttpURLConnection) new URL("https://service.example/health").openConnection(); System.out.println(c.getResponseCode()); Thread.sleep(5000); } } }',
        "files": 'import java.nio.file.*;\nclass Sum { public static void main(String[] a) throws Exception { for (String l : Files.readAllLines(Path.of("people.csv"))) System.out.println(l.split(",")[1]); } }',
        "one page": 'import org.jsoup.Jsoup;\nclass One { public static void main(String[] a) throws Exception { System.out.println(Jsoup.connect("https://news.example/").get().select("h2").text()); } }',
        "server": 'import com.sun.net.httpserver.*; import java.net.*;\nclass S { public static void main(String[] a) throws Exception { HttpServer s = HttpServer.create(new InetSocketAddress(8000), 0); for (String p : new String[]{"/a", "/b"}) s.createContext(p, x -> x.sendResponseHeaders(200, 0)); s.start(); } }',
        "posting": 'import java.net.http.*; import java.net.URI;\nclass M { public static void main(String[] a) throws Exception { for (int i = 0; i < 100; i++) HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("https://metrics.example/push")).POST(HttpRequest.BodyPublishers.ofString("load " + i)).build(), HttpResponse.BodyHandlers.discarding()); } }',
    },
}
