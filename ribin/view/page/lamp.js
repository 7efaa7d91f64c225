"use strict";
/* The lamp: where it stands, and the dome on which a person moves it. */

class Lamp {
  /** Azimuth counter-clockwise from the right, elevation above the surface; both in degrees. There
      is one for each side; they move together unless one of them is chosen. */
  constructor(onMove) {
    this.places = [{ azimuth: 135, elevation: 35 }, { azimuth: 135, elevation: 35 }];
    this.of = "both"; // or "reference", "comparison"
    this.onMove = onMove;
  }

  get side() {
    return this.of === "comparison" ? 1 : 0;
  }

  get azimuth() {
    return this.places[this.side].azimuth;
  }

  get elevation() {
    return this.places[this.side].elevation;
  }

  get direction() {
    return this.directionOf(this.side);
  }

  /** Unit vector to the lamp of a side: down, right, up, as displayed. */
  directionOf(side) {
    const { azimuth, elevation } = this.places[side];
    const a = (azimuth * Math.PI) / 180, e = (elevation * Math.PI) / 180;
    return [-Math.sin(a) * Math.cos(e), Math.cos(a) * Math.cos(e), Math.sin(e)];
  }

  /** Which lamp is moved from now on; both then stand where the chosen one stood. */
  choose(of) {
    const stood = this.places[this.side];
    this.of = of;
    if (of === "both") this.places = [{ ...stood }, { ...stood }];
    this.onMove();
  }

  move(azimuth, elevation) {
    const place = { azimuth: ((Math.round(azimuth) % 360) + 360) % 360, elevation: clamp(Math.round(elevation), 5, 90) };
    for (const side of this.of === "both" ? [0, 1] : [this.side]) this.places[side] = { ...place };
    this.onMove();
  }

  /** Put the lamp over a place on a dome, given as [down, right] from its top, 1 at its foot. */
  moveOver(place) {
    const away = Math.min(1, Math.hypot(...place));
    const azimuth = away > 0.02 ? (Math.atan2(-place[0], place[1]) * 180) / Math.PI : this.azimuth;
    this.move(azimuth, (Math.acos(away) * 180) / Math.PI);
  }
}

/** Bind the dome, the two sliders and the sweep of the panel to a lamp. */
function bindLamp(lamp) {
  const dome = byId("dome"), azimuth = byId("azimuth"), elevation = byId("elevation");
  const show = () => {
    const [down, right] = lamp.direction;
    byId("lamp").setAttribute("transform", `translate(${50 + 46 * right} ${50 + 46 * down})`);
    byId("ray").setAttribute("d", `M50 50L${50 + 46 * right} ${50 + 46 * down}`);
    azimuth.value = lamp.azimuth;
    elevation.value = lamp.elevation;
    byId("azimuth-figure").textContent = `${lamp.azimuth}°`;
    byId("elevation-figure").textContent = `${lamp.elevation}°`;
  };
  const drag = (event) => {
    const box = dome.getBoundingClientRect();
    const radius = box.width * 0.46;
    lamp.moveOver([
      (event.clientY - box.top - box.height / 2) / radius,
      (event.clientX - box.left - box.width / 2) / radius,
    ]);
  };
  dome.addEventListener("pointerdown", (event) => {
    dome.setPointerCapture(event.pointerId);
    drag(event);
  });
  dome.addEventListener("pointermove", (event) => event.buttons && drag(event));
  azimuth.addEventListener("input", () => lamp.move(Number(azimuth.value), lamp.elevation));
  elevation.addEventListener("input", () => lamp.move(lamp.azimuth, Number(elevation.value)));
  if (byId("lamp-of")) choice(byId("lamp-of"), (of) => lamp.choose(of));
  show();
  return show;
}

/** Let the lamp walk around the mark, a turn in ten seconds, until told to stop. */
class Sweep {
  constructor(lamp, button) {
    this.lamp = lamp;
    this.button = button;
    this.running = false;
    button.addEventListener("click", () => this.toggle());
  }

  toggle() {
    this.running = !this.running;
    this.button.setAttribute("aria-pressed", String(this.running));
    announce(this.running ? "The lamp walks around the mark" : "The lamp stands still");
    if (this.running) {
      this.last = performance.now();
      this.azimuth = this.lamp.azimuth;
      requestAnimationFrame((now) => this.step(now));
    }
  }

  step(now) {
    if (!this.running) return;
    this.azimuth += (now - this.last) * 0.036;
    this.last = now;
    this.lamp.move(this.azimuth, this.lamp.elevation);
    requestAnimationFrame((next) => this.step(next));
  }
}
