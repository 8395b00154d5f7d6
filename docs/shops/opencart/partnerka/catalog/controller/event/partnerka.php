<?php
namespace Opencart\Catalog\Controller\Extension\Partnerka\Event;

// Tells Partnerka of an order, whole, whenever it got a new state. In config.php of the shop:
//   define('PARTNERKA_HOOK', 'https://.../hooks/signed/cn_...');
//   define('PARTNERKA_SECRET', 'whsec_...');
class Partnerka extends \Opencart\System\Engine\Controller
{
    // The shop's states by their ids, in words that Partnerka knows. Others are sent as "oc-<id>": say
    // there what they mean (Shops > the shop > Statuses), or add them here.
    private const WORDS = [
        1 => 'new', 2 => 'paid', 3 => 'paid', 5 => 'completed', 15 => 'paid', 7 => 'cancelled',
        8 => 'cancelled', 10 => 'cancelled', 14 => 'cancelled', 16 => 'cancelled', 9 => 'cancelled',
        11 => 'refunded', 12 => 'refunded', 13 => 'refunded',
    ];

    public function changed(string &$route, array &$args, mixed &$output): void
    {
        $this->load->model('checkout/order');
        $order = $this->model_checkout_order->getOrder((int) $args[0]);
        if ($order && (int) $order['order_status_id'] > 0) {
            $this->send(['type' => 'order.saved', 'data' => $this->order($order)]);
        }
    }

    public function deleted(string &$route, array &$args, mixed &$output): void
    {
        $this->send(['type' => 'order.deleted', 'data' => ['id' => (string) (int) $args[0]]]);
    }

    private function order(array $order): array
    {
        $id = (int) $order['order_id'];
        $shipping = $total = 0;
        $coupons = [];
        foreach ($this->model_checkout_order->getTotals($id) as $row) {
            if ($row['code'] === 'shipping') {
                $shipping += $this->cents($row['value']);
            } elseif ($row['code'] === 'total') {
                $total = $this->cents($row['value']);
            } elseif ($row['code'] === 'coupon' && preg_match('/\(([^)]+)\)/', $row['title'], $found)) {
                $coupons[] = $found[1];
            }
        }
        $said = [
            'id' => (string) $id,
            'number' => (string) $id,
            'status' => self::WORDS[(int) $order['order_status_id']] ?? 'oc-' . (int) $order['order_status_id'],
            'currency' => $this->config->get('config_currency'),
            'created_at' => date('c', strtotime($order['date_added'])),
            'updated_at' => date('c'),
            'customer' => array_filter([
                'id' => (int) $order['customer_id'] ? (string) (int) $order['customer_id'] : null,
                'email' => $order['email'] ?: null,
                'phone' => $order['telephone'] ?: null,
                'name' => trim($order['firstname'] . ' ' . $order['lastname']) ?: null,
            ]),
            'lines' => [],
            'shipping' => $this->sum($shipping),
            'coupons' => $coupons,
        ];
        if ($this->isNew($id) && !empty($this->request->cookie['partnerka_click'])) {
            $said['click'] = (string) $this->request->cookie['partnerka_click'];
        }
        return $this->lines($said, $id, $shipping, $total);
    }

    // Lines with their tax; what the order cost less than its lines and shipping is spread over the lines.
    private function lines(array $said, int $id, int $shipping, int $total): array
    {
        $worth = [];
        foreach ($this->model_checkout_order->getProducts($id) as $row) {
            $each = $this->cents(($row['price'] + $row['tax']) * $row['quantity']);
            $worth[] = $each;
            $said['lines'][] = [
                'id' => (string) (int) $row['order_product_id'],
                'product' => (string) (int) $row['product_id'],
                'name' => html_entity_decode($row['name'], ENT_QUOTES, 'UTF-8'),
                'quantity' => (string) (int) $row['quantity'],
                'tax' => $this->sum(min($each, $this->cents($row['tax'] * $row['quantity']))),
            ];
        }
        $goods = array_sum($worth);
        $off = $goods + $shipping - $total;
        $said['fees'] = $this->sum(max(-$off, 0)); // a tax on shipping, a fee for the payment
        $off = min(max($off, 0), $goods);
        $seen = $given = 0;
        foreach ($worth as $n => $each) {
            $seen += $each;
            $until = $goods ? intdiv($off * $seen, $goods) : 0;
            $amount = $each - ($until - $given);
            $given = $until;
            $said['lines'][$n]['amount'] = $this->sum($amount);
            $said['lines'][$n]['tax'] = $this->sum(min($amount, $this->cents($said['lines'][$n]['tax'])));
        }
        return $said;
    }

    // The customer's own request is the one that gives an order its first state; later ones are of staff.
    private function isNew(int $id): bool
    {
        $found = $this->db->query(
            "SELECT COUNT(*) AS number FROM `" . DB_PREFIX . "order_history` WHERE order_id = '" . $id . "'"
        );
        return (int) $found->row['number'] <= 1;
    }

    private function cents(mixed $value): int
    {
        return (int) round((float) $value * 100);
    }

    private function sum(int $cents): string
    {
        return sprintf('%d.%02d', intdiv($cents, 100), $cents % 100);
    }

    private function send(array $message): void
    {
        if (!defined('PARTNERKA_HOOK') || !defined('PARTNERKA_SECRET')) {
            return;
        }
        $body = json_encode($message, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        $id = 'msg_' . bin2hex(random_bytes(12));
        for ($try = 0; $try < 2; $try++) {
            $stamp = (string) time();
            $key = base64_decode(substr(PARTNERKA_SECRET, strlen('whsec_')));
            $signature = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$stamp.$body", $key, true));
            $call = curl_init(PARTNERKA_HOOK);
            curl_setopt_array($call, [
                CURLOPT_POST => true,
                CURLOPT_POSTFIELDS => $body,
                CURLOPT_RETURNTRANSFER => true,
                CURLOPT_CONNECTTIMEOUT => 2,
                CURLOPT_TIMEOUT => 4,
                CURLOPT_HTTPHEADER => [
                    'Content-Type: application/json',
                    "webhook-id: $id",
                    "webhook-timestamp: $stamp",
                    "webhook-signature: $signature",
                ],
            ]);
            $said = curl_exec($call);
            $status = curl_getinfo($call, CURLINFO_RESPONSE_CODE);
            if ($status === 200) {
                return;
            }
            if ($status >= 400 && $status < 500) {
                break; // trying again is of no use
            }
        }
        $this->log->write("Partnerka did not take an order: $status $said");
    }
}
