"use strict";
/* The lamp: where it stands, and the dome on which a person moves it. */

class Lamp {
  /** Azimuth counter-clockwise from the right, elevation above the surface; both in degrees. */
  constructor(onMove) {
    this.azimuth = 135;
    this.elevation = 35;
    this.onMove = onMove;
  }

  /** Unit vector to the lamp: down, right, up, as displayed. */
  get direction() {
    const a = (this.azimuth * Math.PI) / 180, e = (this.elevation * Math.PI) / 180;
    return [-Math.sin(a) * Math.cos(e), Math.cos(a) * Math.cos(e), Math.sin(e)];
  }

  move(azimuth, elevation) {
    this.azimuth = ((Math.round(azimuth) % 360) + 360) % 360;
    this.elevation = clamp(Math.round(elevation), 5, 90);
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
