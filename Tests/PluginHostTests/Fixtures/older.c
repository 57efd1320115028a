/* A plugin that was compiled when a network was described in fewer words. */
#include <atelier/ext/network.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What describe writes into a struct that ends before a field, and whether it stays in there. */
static int stays_inside(const atelier_host *host, const atelier_network_service *networks,
                        atelier_network *network, size_t size) {
    atelier_network_info info;
    memset(&info, 0x5a, sizeof info);
    info.size = (uint32_t)size;
    if (networks->describe(host, network, &info, NULL) != ATELIER_OK) return 0;
    for (size_t i = size; i < sizeof info; i++)
        if (((const unsigned char *)&info)[i] != 0x5a) return 0;
    return info.input_channels == 3 && info.scale_numerator == 2;
}

static int32_t build(const atelier_host *host, const atelier_operation *self,
                     const atelier_values *values, atelier_image *input, atelier_image **result,
                     atelier_error *error) {
    const atelier_image_service *images = host->service(host, ATELIER_IMAGE_SERVICE);
    const atelier_network_service *networks = host->service(host, ATELIER_NETWORK_SERVICE);
    atelier_network *network;
    (void)self, (void)values;
    int32_t status = networks->load(host, "sr-x2", NULL, &network, error);
    if (status != ATELIER_OK) return status;
    int inside =
        stays_inside(host, networks, network, offsetof(atelier_network_info, alignment)) &&
        stays_inside(host, networks, network, offsetof(atelier_network_info, further_networks)) &&
        stays_inside(host, networks, network, sizeof(atelier_network_info));
    networks->release(network);
    if (!inside) {
        if (error && error->message)
            snprintf(error->message, error->capacity, "the host wrote beyond the struct");
        return ATELIER_FAILED;
    }
    images->retain(input);
    *result = input;
    return ATELIER_OK;
}

static const atelier_operation operations[] = {{.size = sizeof(atelier_operation),
                                                .name = "older",
                                                .summary = "Describes a network.",
                                                .build = build}};

static const atelier_plugin plugin = {.size = sizeof plugin,
                                      .id = "org.example.older",
                                      .version = "1",
                                      .licence = "MIT",
                                      .operations = operations,
                                      .operation_count = 1};

const atelier_plugin *atelier_plugin_v1(const atelier_host *host) {
    (void)host;
    return &plugin;
}
