// A chart's description stands beside its place as JSON; ECharts is loaded when the first one comes near the view.

export function chart() {
  return {
    init() {
      const place = this.$el.querySelector(".chart-canvas");
      const description = JSON.parse(this.$el.querySelector('script[type="application/json"]').textContent);
      this.observer = new IntersectionObserver(
        async (entries) => {
          if (!entries.some((entry) => entry.isIntersecting)) return;
          this.observer.disconnect();
          const { draw } = await import("./chart-engine.js");
          if (place.isConnected) this.drawn = draw(place, description);
        },
        { rootMargin: "200px" },
      );
      this.observer.observe(place);
    },
    destroy() {
      this.observer?.disconnect();
      this.drawn?.dispose();
    },
  };
}
