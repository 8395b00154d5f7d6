<?php
// For an edition of 1C-Bitrix that offers no REST methods of orders: tells the partner program of each order.
// Put this file into /local/php_interface/, and into init.php there:  require_once __DIR__ . '/partnerka.php';
// The address and the secret are shown when a channel "Standard Webhooks" is opened under Connections.
use Bitrix\Main\{Application, Config\Option, Event, EventManager, Loader, Web\HttpClient, Web\Json};
use Bitrix\Sale\{Internals\OrderCouponsTable, Order};

const PARTNERKA_URL = 'https://partners.example/hooks/signed/cn_REPLACE';
const PARTNERKA_SECRET = 'whsec_REPLACE';

$events = EventManager::getInstance(); // a cancellation and a payment are saved with their order, too
$events->addEventHandler('sale', 'OnSaleOrderSaved', function (Event $event) {
    Partnerka::later((int)$event->getParameter('ENTITY')->getId());
});
$events->addEventHandler('sale', 'OnSaleOrderDeleted', function (Event $event) {
    $order = $event->getParameter('ENTITY');
    Partnerka::later((int)($order instanceof Order ? $order->getId() : $event->getParameter('VALUES')['ID'] ?? 0));
});

final class Partnerka
{
    /** Send when the buyer has the page already; what could not be sent before goes along. */
    public static function later(int $id): void
    {
        Application::getInstance()->addBackgroundJob(static function () use ($id) {
            $waiting = array_filter(explode(',', Option::get('partnerka', 'waiting', '')));
            $failed = array_filter(array_unique([$id, ...array_slice($waiting, 0, 20)]), fn($one) => !self::send((int)$one));
            Option::set('partnerka', 'waiting', implode(',', array_unique([...$failed, ...array_slice($waiting, 20, 500)])));
        });
    }

    private static function send(int $id): bool
    {
        try { // nothing here may ever stop a shop
            if ($id <= 0 || !Loader::includeModule('sale')) {
                return $id <= 0;
            }
            $order = Order::load($id); // as it stands now; an order that is no more was deleted
            $body = Json::encode($order ? ['type' => 'order.saved', 'data' => self::order($order)]
                : ['type' => 'order.deleted', 'data' => ['id' => (string)$id]], JSON_UNESCAPED_UNICODE);
            $message = 'bx_' . bin2hex(random_bytes(12));
            $stamp = (string)time();
            $key = base64_decode(substr(PARTNERKA_SECRET, strlen('whsec_')));
            $signature = base64_encode(hash_hmac('sha256', "$message.$stamp.$body", $key, true));
            $http = new HttpClient(['socketTimeout' => 5, 'streamTimeout' => 10, 'redirect' => false]);
            $http->setHeader('Content-Type', 'application/json');
            $http->setHeader('webhook-id', $message);
            $http->setHeader('webhook-timestamp', $stamp);
            $http->setHeader('webhook-signature', "v1,$signature");
            $http->post(PARTNERKA_URL, $body);
            $status = (int)$http->getStatus(); // an order that is refused as it is would be refused again
            return ($status >= 200 && $status < 300) || $status === 400 || $status === 422;
        } catch (\Throwable $error) {
            return false;
        }
    }

    private static function order(Order $order): array
    {
        $money = fn($sum) => number_format((float)$sum, 2, '.', '');
        $props = $order->getPropertyCollection();
        $value = fn($property) => $property ? trim((string)$property->getValue()) : '';
        $status = (string)$order->getField('STATUS_ID');
        $lines = $refunds = $coupons = [];
        foreach ($order->getBasket() as $item) {
            if ($item->isBundleChild() || $item->getQuantity() <= 0) {
                continue; // the price of a set stands in the line of the set
            }
            $lines[] = ['id' => (string)$item->getId(), 'product' => (string)$item->getProductId(),
                'name' => (string)$item->getField('NAME'), 'amount' => $money($item->getFinalPrice()),
                'quantity' => number_format($item->getQuantity(), 4, '.', ''), 'tax' => $money($item->getVat())];
        }
        $missing = $order->getPrice() - $order->getPaymentCollection()->getPaidSum();
        foreach ($order->getPaymentCollection() as $payment) {
            $back = in_array($payment->getField('IS_RETURN'), ['Y', 'P'], true) ? min($payment->getSum(), $missing) : 0;
            if ($back > 0) { // one that another payment replaced is no refund
                $refunds[] = ['id' => (string)$payment->getId(), 'amount' => $money($back)];
                $missing -= $back;
            }
        }
        $found = OrderCouponsTable::getList(['filter' => ['=ORDER_ID' => $order->getId()], 'select' => ['COUPON']]);
        while ($row = $found->fetch()) {
            $coupons[] = (string)$row['COUPON'];
        }
        $paid = $order->isPaid() || $refunds; // giving a part back takes the flag of payment away
        $plain = ['N' => $paid ? 'paid' : 'new', 'P' => 'paid', 'F' => 'completed', 'D' => 'cancelled'];
        return ['id' => (string)$order->getId(), 'number' => (string)$order->getField('ACCOUNT_NUMBER'),
            'status' => $order->isCanceled() ? 'cancelled' : ($plain[$status] ?? $status),
            'created_at' => $order->getField('DATE_INSERT')->format('c'),
            'updated_at' => $order->getField('DATE_UPDATE')->format('c'), 'currency' => $order->getCurrency(),
            'customer' => array_filter(['id' => (string)$order->getUserId(), 'name' => $value($props->getPayerName()),
                'email' => $value($props->getUserEmail()), 'phone' => $value($props->getPhone())]),
            'lines' => $lines, 'shipping' => $money($order->getDeliveryPrice()),
            'coupons' => $coupons, 'refunds' => $refunds];
    }
}
