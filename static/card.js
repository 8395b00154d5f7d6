// The card's page is kept on the phone by a worker, so that it opens at a till without a network.
const me = document.currentScript
if ("serviceWorker" in navigator) navigator.serviceWorker.register(me.dataset.worker).catch(() => {})
