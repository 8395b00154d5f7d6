<?php
namespace Opencart\Admin\Controller\Extension\Partnerka\Module;

// Extensions > Modules > Partnerka: installing it has every change of an order told, uninstalling ends that.
class Partnerka extends \Opencart\System\Engine\Controller
{
    private const TOLD = [
        'order.addHistory' => 'changed',
        'order.deleteOrder' => 'deleted',
    ];

    public function index(): void
    {
        $this->response->setOutput(
            'Partnerka: define PARTNERKA_HOOK and PARTNERKA_SECRET in config.php of the shop, nothing else is needed.'
        );
    }

    public function install(): void
    {
        $this->load->model('setting/event');
        foreach (self::TOLD as $method => $handler) {
            // 4.1 names a method behind a dot, 4.0 behind a slash: only one of the two ever fires.
            foreach ([$method, str_replace('.', '/', $method)] as $n => $name) {
                $this->model_setting_event->addEvent([
                    'code' => "partnerka_{$handler}_$n",
                    'description' => 'Partnerka',
                    'trigger' => "catalog/model/checkout/$name/after",
                    'action' => "extension/partnerka/event/partnerka.$handler",
                    'status' => 1,
                    'sort_order' => 100,
                ]);
            }
        }
    }

    public function uninstall(): void
    {
        $this->load->model('setting/event');
        foreach (self::TOLD as $handler) {
            foreach ([0, 1] as $n) {
                $this->model_setting_event->deleteEventByCode("partnerka_{$handler}_$n");
            }
        }
    }
}
