// A Vulkan driver around RADV, Mesa's driver for AMD GPUs, as RADV compiles for a GPU that is not there: work that is
// submitted to it is dropped, and of every compute pipeline it prints what RADV's compiler counts in the machine code, a
// line of JSON. Vulkan's loader loads it like any driver.
//
//   WGRAD_RADV=…/libvulkan_radeon.so RADV_FORCE_FAMILY=navi31 VK_DRIVER_FILES=FILE.json …
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_icd.h>

static PFN_vkGetDeviceProcAddr device_function;
static PFN_vkCreateDevice create_device;
static PFN_vkCreateComputePipelines create_pipelines;

static void *driver(const char *name) {
  static void *library;
  if (!library) library = dlopen(getenv("WGRAD_RADV"), RTLD_NOW);
  return library ? dlsym(library, name) : NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL idle(void) { return VK_SUCCESS; }

/// With what the statistics take.
static VKAPI_ATTR VkResult VKAPI_CALL with_statistics(VkPhysicalDevice gpu, const VkDeviceCreateInfo *wanted, const VkAllocationCallbacks *allocator, VkDevice *device) {
  const char *names[256];
  VkDeviceCreateInfo info = *wanted;
  memcpy(names, wanted->ppEnabledExtensionNames, wanted->enabledExtensionCount * sizeof *names);
  names[info.enabledExtensionCount++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  info.ppEnabledExtensionNames = names;
  info.pNext = &(VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR){
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
    .pNext = (void *)wanted->pNext, .pipelineExecutableInfo = VK_TRUE };
  return create_device(gpu, &info, allocator, device);
}

static void print_statistics(VkDevice device, VkPipeline pipeline) {
  PFN_vkGetPipelineExecutablePropertiesKHR properties =
    (PFN_vkGetPipelineExecutablePropertiesKHR)device_function(device, "vkGetPipelineExecutablePropertiesKHR");
  PFN_vkGetPipelineExecutableStatisticsKHR statistics =
    (PFN_vkGetPipelineExecutableStatisticsKHR)device_function(device, "vkGetPipelineExecutableStatisticsKHR");
  uint32_t count = 1;
  VkPipelineExecutablePropertiesKHR executable = { .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR };
  properties(device, &(VkPipelineInfoKHR){ .sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline }, &count, &executable);
  printf("{\"Subgroup size\":%u", executable.subgroupSize);
  VkPipelineExecutableInfoKHR info = { .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline };
  VkPipelineExecutableStatisticKHR list[64];
  count = 64;
  for (int i = 0; i < 64; i++) list[i] = (VkPipelineExecutableStatisticKHR){ .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR };
  statistics(device, &info, &count, list);
  for (uint32_t i = 0; i < count; i++) {
    if (list[i].format != VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR) continue;
    printf(",\"%s\":%llu", list[i].name, (unsigned long long)list[i].value.u64);
  }
  printf("}\n");
  fflush(stdout);
}

static VKAPI_ATTR VkResult VKAPI_CALL counted(VkDevice device, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *wanted, const VkAllocationCallbacks *allocator, VkPipeline *pipelines) {
  for (uint32_t i = 0; i < count; i++) {
    VkComputePipelineCreateInfo info = wanted[i];
    info.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
    VkResult result = create_pipelines(device, cache, 1, &info, allocator, &pipelines[i]);
    if (result < 0) return result;
    print_statistics(device, pipelines[i]);
  }
  return VK_SUCCESS;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL of_device(VkDevice device, const char *name) {
  if (!strcmp(name, "vkBeginCommandBuffer") || !strcmp(name, "vkEndCommandBuffer") || !strcmp(name, "vkQueueSubmit"))
    return (PFN_vkVoidFunction)idle;
  PFN_vkVoidFunction found = device_function(device, name);
  if (strcmp(name, "vkCreateComputePipelines")) return found;
  create_pipelines = (PFN_vkCreateComputePipelines)found;
  return (PFN_vkVoidFunction)counted;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetInstanceProcAddr(VkInstance instance, const char *name) {
  PFN_vkGetInstanceProcAddr own = (PFN_vkGetInstanceProcAddr)driver("vk_icdGetInstanceProcAddr");
  PFN_vkVoidFunction found = own ? own(instance, name) : NULL;
  if (found && !strcmp(name, "vkCreateDevice")) {
    create_device = (PFN_vkCreateDevice)found;
    return (PFN_vkVoidFunction)with_statistics;
  }
  if (found && !strcmp(name, "vkGetDeviceProcAddr")) {
    device_function = (PFN_vkGetDeviceProcAddr)found;
    return (PFN_vkVoidFunction)of_device;
  }
  return found;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vk_icdGetPhysicalDeviceProcAddr(VkInstance instance, const char *name) {
  PFN_vkGetInstanceProcAddr own = (PFN_vkGetInstanceProcAddr)driver("vk_icdGetPhysicalDeviceProcAddr");
  return own ? own(instance, name) : NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  if (*version > 4) *version = 4;
  return VK_SUCCESS;
}
