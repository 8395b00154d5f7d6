<?php
// Say how an order stands, and read whose it is. Environment: API (https://.../api/v1), KEY (sk_live_...).
// php put_order.php order.json        (PHP 7.4 or newer with curl)

$order = json_decode(file_get_contents($argv[1]), true);
$number = rawurlencode($order['id']);
unset($order['id']);
$call = curl_init(getenv('API') . "/orders/$number");
curl_setopt_array($call, [
    CURLOPT_CUSTOMREQUEST => 'PUT',
    CURLOPT_POSTFIELDS => json_encode($order, JSON_UNESCAPED_UNICODE),
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
    CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . getenv('KEY'), 'Content-Type: application/json'],
]);
$said = json_decode((string) curl_exec($call), true);
if (curl_getinfo($call, CURLINFO_RESPONSE_CODE) === 200) {
    echo $said['state'], ' ', $said['deal'] ? $said['deal']['partner']['refcode'] : $said['reason'], "\n";
} else {
    fwrite(STDERR, json_encode($said) . "\n");
    exit(1);
}
