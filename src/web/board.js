import { ask } from './ask.js';
import { showWho } from './who.js';

/**
 * The county board: the latest inspection as the API tells it, read again every ten seconds while somebody can see it. Left
 * behind another window it asks nothing, or its session would never be idle.
 */
const words = { met: '达标', missed: '未达标', undetermined: '待定' };
const every = 10_000;

const percent = (yes, assessed) => {
  if (assessed === 0) return '—';
  const tenths = Math.floor((1000 * yes) / assessed);
  return `${Math.floor(tenths / 10)}.${tenths % 10}%`;
};

const cell = (text, className) => {
  const td = document.createElement('td');
  td.textContent = text;
  if (className) td.className = className;
  return td;
};

const rateCell = (rates, metric) => {
  const td = cell(`${rates[metric]}/${rates.assessed} `, rates.verdict[metric]);
  const b = document.createElement('b');
  b.textContent = percent(rates[metric], rates.assessed);
  td.append(b);
  return td;
};

const rawCell = ({ raw }, metric) => rateCell({ ...raw, verdict: {} }, metric);

const row = ({ name, classes, verdict }) => {
  const tr = document.createElement('tr');
  const th = document.createElement('th');
  th.scope = 'row';
  th.textContent = name;
  tr.append(th, cell(classes.total.roster), cell(classes.total.exempt), cell(classes.total.unknown));
  const { total, skynet, social } = classes;
  tr.append(rateCell(total, 'online'), rateCell(total, 'image'), rawCell(total, 'online'), rawCell(total, 'image'));
  for (const rates of [skynet, social]) tr.append(rateCell(rates, 'online'), rateCell(rates, 'image'));
  tr.append(cell(verdict === null ? '—' : words[verdict], verdict));
  return tr;
};

/** The documents of the day that is chosen: at first that of the inspection on the board. */
const offerDocuments = (day) => {
  for (const link of document.querySelectorAll('a[data-format]')) {
    link.href = `/api/v1/reports/daily?date=${day}&format=${link.dataset.format}`;
  }
};
const chosen = document.getElementById('day');
chosen.addEventListener('change', () => offerDocuments(chosen.value));
const offerDayOf = (at) => {
  if (chosen.value !== '') return;
  // Asia/Shanghai, as YYYY-MM-DD.
  chosen.value = new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 10);
  offerDocuments(chosen.value);
};

let whoShown = false;
const greet = async () => {
  const session = await showWho();
  whoShown = session !== null;
  // The frozen content is the city's, never a unit's.
  document.querySelector('a[data-format="json"]').hidden = session !== null && session.unit !== null;
};

const show = async () => {
  if (!whoShown) await greet();
  const about = document.getElementById('about');
  const { status, data, problem } = await ask('GET', '/api/v1/inspections/latest/rates');
  if (status === 404) {
    about.textContent = '还没有已完成的巡检 / No inspection has been completed yet';
  } else if (problem !== null) {
    about.textContent = `暂时读不到数据：${problem.title} / The data cannot be read now`;
  } else {
    const { inspection, units } = data;
    offerDayOf(inspection.at);
    const at = new Date(inspection.at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' });
    const published = inspection.published === null ? '草稿，未发布' : '已发布';
    about.textContent = `第 ${inspection.id} 次巡检（第 ${inspection.revision} 版，${published}）· ${at} 开始（北京时间）· 用时 ${inspection.seconds} 秒 · 算法 ${inspection.formula} · 口径第 ${inspection.policy} 版`;
    document.getElementById('units').replaceChildren(...units.map(row));
  }
};

await show();
setInterval(() => {
  if (!document.hidden) void show();
}, every);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  // Somebody else may have signed in meanwhile, in another window.
  whoShown = false;
  void show();
});
