#include "atelier/plugin.h"
