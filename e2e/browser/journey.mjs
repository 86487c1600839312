// One coffee in a real browser, from the front page to the hand-over, and a croissant that is brought to the door.
//
// Customer and barista have a context each, so neither has the other's cookies. It is told where to go and who signs in by
// JSON on its input. It ends with status 1 and the reason when a step fails or any page writes an error to its console.

import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

// tools/browser holds what is not ours.
const require = createRequire(new URL('../../tools/browser/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const PATIENCE = 20_000;
const STEPS = ['Preparation', 'Ready', 'Delivered'];

const { address, customer, barista, hostile, pictures } = JSON.parse(await text(process.stdin));
mkdirSync(pictures, { recursive: true });

const complaints = [];
const took = [];
let last = performance.now();
const done = (what) => {
  const now = performance.now();
  took.push(`${Math.round(now - last)} ms  ${what}`);
  last = now;
};

function check(condition, what) {
  if (!condition) throw new Error(what);
}

async function open(browser, who, viewport) {
  // The development CA is trusted in this context alone, not by the machine.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport, baseURL: address });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${who}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`${who}: ${error}`));
  page.on('requestfailed', (request) => {
    // A live stream ends when its page is left.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`${who}: ${request.url()} ${request.failure()?.errorText}`);
  });
  return page;
}

async function signIn(page, person) {
  await page.getByLabel('E-mail address').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const cents = (shown) => Number(shown.replace(/[^0-9]/g, ''));
const picture = (page, name) => page.screenshot({ path: join(pictures, `${name}.png`) });

async function chooseDrink(page) {
  await page.goto('/');
  await page.getByTestId('store-card').first().waitFor();
  await picture(page, '1-stores');
  await page.getByTestId('store-card').first().getByRole('link').click();
  const product = page.getByTestId('product-card').filter({ hasText: /flat white|cappuccino|latte/i }).first();
  await product.waitFor();
  await picture(page, '2-menu');
  await product.getByRole('button').click();

  const price = page.getByTestId('price');
  await price.waitFor();
  const first = cents(await price.innerText());
  check(first > 0, 'a drink without a price');
  // The size and the extras have prices of their own, so the sum must follow.
  await page.getByTestId('variation').last().click();
  const dear = page.getByTestId('option').filter({ hasText: /\+/ }).first();
  await dear.click();
  await page.waitForFunction(
    (before) => Number(document.querySelector('[data-testid=price]').textContent.replace(/[^0-9]/g, '')) > before,
    first,
  );
  const one = cents(await price.innerText());
  await page.getByRole('button', { name: 'One more' }).click();
  const total = 2 * one;
  await price.filter({ hasText: (total / 100).toFixed(2) }).waitFor();
  await picture(page, '3-options');
  await page.getByTestId('add-to-basket').click();
  const shown = page.getByTestId('basket-total');
  await shown.waitFor();
  check(cents(await shown.innerText()) === total, `the basket says ${await shown.innerText()}, the drink said ${total}`);
  done('drink chosen');
  return total;
}

async function order(page, total) {
  await page.getByTestId('checkout').click();
  await page.getByTestId('checkout-sign-in').click();
  await page.waitForURL('**/sign-in?**');
  await picture(page, '4-sign-in');
  await signIn(page, customer);
  done('customer signed in');
  // Back at the store, with the basket still there and the checkout open.
  const place = page.getByTestId('place-order');
  await place.waitFor();
  check(cents(await page.getByTestId('checkout-total').innerText()) === total, 'the total changed while signing in');
  await payBy(page, 'tok_visa');
  await picture(page, '5-checkout');
  await place.click();
  await page.getByTestId('order-number').waitFor();
  await page.getByTestId('order-status').filter({ hasText: 'Waiting' }).waitFor();
  check(cents(await page.getByTestId('order-total').innerText()) === total, 'the order costs something else');
  await page.getByTestId('payment-state').filter({ hasText: /paid/i }).waitFor();
  await picture(page, '6-order');
  done('ordered and paid by card');
  return page.getByTestId('order-number').innerText();
}

async function readsTheReceipt(page, number) {
  await page.getByTestId('show-paper').click();
  await page.getByTestId('paper').filter({ hasText: number }).waitFor();
  await picture(page, '10-receipt');
  await page.keyboard.press('Escape');
  await page.getByTestId('paper').waitFor({ state: 'detached' });
  done('receipt read');
}

// A favourite, one press from the basket, brought to the door for the fee that was shown.
async function isBrought(page, board) {
  await page.goto('/');
  await page.getByTestId('store-card').first().getByRole('link').click();
  await page.getByTestId('product-card').filter({ hasText: /croissant/i }).first().getByRole('button').click();
  await page.getByTestId('keep-favourite').click();
  await page.getByTestId('keep-favourite').filter({ hasText: 'Among your favourites' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('put-favourite').filter({ hasText: /croissant/i }).first().click();
  done('favourite kept and chosen');

  await page.getByTestId('checkout').click();
  const place = page.getByTestId('place-order');
  await place.waitFor();
  const total = page.getByTestId('checkout-total');
  const goods = cents(await total.innerText());
  await page.getByTestId('deliver').click();
  const door = ['Ada Lovelace', 'Rynek Główny 1', null, '31-042', 'Kraków', 'PL'];
  for (const [field, typed] of door.entries()) {
    if (typed) await page.getByTestId(`address-${field}`).fill(typed);
  }
  await page.keyboard.press('Tab');
  const fee = cents(await page.getByTestId('delivery-fee').locator('span').last().innerText());
  check(fee > 0, 'brought for nothing');
  await total.filter({ hasText: ((goods + fee) / 100).toFixed(2) }).waitFor();
  await page.getByTestId('card-token').fill('tok_visa');
  await picture(page, '11-to-the-door');
  await place.click();
  await page.getByTestId('order-delivery').waitFor();
  check(cents(await page.getByTestId('order-total').innerText()) === goods + fee, 'it is brought for another fee');
  const number = await page.getByTestId('order-number').innerText();
  done('ordered to the door');

  const ticket = board.locator(`[data-testid=ticket][data-number="${number}"]`);
  const status = page.getByTestId('order-status');
  for (const step of ['Preparation', 'Ready']) {
    // Nobody begins before a courier is found.
    await ticket.locator('[data-testid=bump]:not([aria-disabled])').click();
    await status.filter({ hasText: step }).waitFor();
  }
  // The rest is the courier's.
  await status.filter({ hasText: 'Delivered' }).waitFor({ timeout: 2 * PATIENCE });
  await picture(page, '12-brought');
  done('brought to the door');
}

async function payBy(page, card) {
  await page.getByTestId('pay-card').click();
  await page.getByTestId('card-token').fill(card);
}

async function isDeclined(page) {
  await chooseDrink(page);
  await page.getByTestId('checkout').click();
  await payBy(page, 'tok_declined');
  await page.getByTestId('place-order').click();
  await page.getByText('Your card was not charged').first().waitFor();
  await picture(page, '9-declined');
  done('a declined card costs nothing');
}

async function showsNamesAsText(page) {
  await page.goto('/api/session/start?return=/');
  await signIn(page, hostile);
  // In the shop, and on identity's own page.
  await page.getByTestId('account').getByText(hostile.name, { exact: true }).waitFor();
  await page.getByTestId('account').click();
  await page.getByText(hostile.name).first().waitFor();
  check((await page.locator('img[onerror]').count()) === 0, 'a name became markup');
  check((await page.title()) !== 'taken', 'a name ran as a script');
  done('a hostile name is text');
}

async function openBoard(page) {
  await page.goto('/api/session/start?return=/board');
  await signIn(page, barista);
  await page.getByTestId('board-store').first().getByRole('link').click();
  done('board open');
}

async function make(board, number, customersPage) {
  const ticket = board.locator(`[data-testid=ticket][data-number="${number}"]`);
  await ticket.waitFor();
  await picture(board, '7-board');
  for (const step of STEPS) {
    await ticket.getByTestId('bump').click();
    // Nothing is reloaded: it comes over Kafka and the page's live stream.
    await customersPage.getByTestId('order-status').filter({ hasText: step }).waitFor();
    done(`customer sees ${step}`);
    await picture(customersPage, `8-${step.toLowerCase()}`);
  }
  await ticket.waitFor({ state: 'detached' });
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
});
let status = 0;
try {
  const front = await open(browser, 'customer', { width: 1280, height: 900 });
  const board = await open(browser, 'barista', { width: 1280, height: 900 });
  const total = await chooseDrink(front);
  const number = await order(front, total);
  await openBoard(board);
  await make(board, number, front);
  await readsTheReceipt(front, number);
  await isBrought(front, board);
  await isDeclined(front);
  await showsNamesAsText(await open(browser, 'hostile', { width: 1280, height: 900 }));
  check(complaints.length === 0, complaints.join('\n'));
} catch (error) {
  status = 1;
  const open = browser.contexts().flatMap((context) => context.pages());
  await Promise.allSettled(open.map((page, index) => picture(page, `failed-${index}`)));
  console.error(String(error?.message ?? error));
  console.error([...took, ...complaints].join('\n'));
  console.error(`pictures: ${pictures}`);
} finally {
  await browser.close();
}
console.log(took.join('\n'));
process.exitCode = status;
