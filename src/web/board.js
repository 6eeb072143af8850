/** The county board: the latest inspection as the API tells it, read again every ten seconds. */
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

const row = ({ name, classes, verdict }) => {
  const tr = document.createElement('tr');
  const th = document.createElement('th');
  th.scope = 'row';
  th.textContent = name;
  tr.append(th, cell(classes.total.roster), cell(classes.total.exempt), cell(classes.total.unknown));
  for (const rates of [classes.total, classes.skynet, classes.social]) {
    tr.append(rateCell(rates, 'online'), rateCell(rates, 'image'));
  }
  tr.append(cell(verdict === null ? '—' : words[verdict], verdict));
  return tr;
};

const show = async () => {
  const about = document.getElementById('about');
  try {
    const answer = await fetch('/api/v1/inspections/latest/rates');
    if (answer.status === 404) {
      about.textContent = '还没有已完成的巡检 / No inspection has been completed yet';
      return;
    }
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const { inspection, units } = await answer.json();
    const at = new Date(inspection.at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' });
    about.textContent = `第 ${inspection.id} 次巡检 · ${at} 开始（北京时间）· 用时 ${inspection.seconds} 秒 · 口径 ${inspection.formula}`;
    document.getElementById('units').replaceChildren(...units.map(row));
  } catch (error) {
    about.textContent = `暂时读不到数据：${error.message} / The data cannot be read now`;
  }
};

await show();
setInterval(show, every);
