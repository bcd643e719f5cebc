// Command volume-provisioner makes folders into persistent volumes.
//
//	volume-provisioner --kubeconfig FILE --folder DIR --node NAME
//
// It serves the claims whose StorageClass names it as provisioner, once the scheduler has picked the
// node (WaitForFirstConsumer), and removes a volume's folder when its claim is gone and its reclaim
// policy is Delete. Sizes are recorded, not enforced.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// everything is looked at again this often, so that a failed step is retried.
const again = 5 * time.Second

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the provisioner's own identity")
	folder := flag.String("folder", "", "folder that holds one folder for each volume")
	node := flag.String("node", "", "name of the node the folders are on")
	flag.Parse()
	if *kubeconfig == "" || *folder == "" || *node == "" || flag.NArg() != 0 {
		log.Fatal("usage: volume-provisioner --kubeconfig FILE --folder DIR --node NAME")
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	folders, err := openFolders(*folder)
	if err != nil {
		log.Fatal(err)
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	run(stop, client, &provisioner{client: client, folders: folders, node: *node})
}

// run reconciles after each change and at least every `again`.
func run(stop context.Context, client kubernetes.Interface, worker *provisioner) {
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	claims := factory.Core().V1().PersistentVolumeClaims()
	volumes := factory.Core().V1().PersistentVolumes()
	classes := factory.Storage().V1().StorageClasses()
	for _, informer := range []cache.SharedIndexInformer{claims.Informer(), volumes.Informer(), classes.Informer()} {
		informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { notify() },
			UpdateFunc: func(any, any) { notify() },
			DeleteFunc: func(any) { notify() },
		})
	}
	worker.claims, worker.volumes, worker.classes = claims.Lister(), volumes.Lister(), classes.Lister()
	factory.Start(stop.Done())
	factory.WaitForCacheSync(stop.Done())
	log.Printf("serving %s", provisionerName)
	for {
		worker.reconcile(stop)
		select {
		case <-stop.Done():
			factory.Shutdown()
			return
		case <-changed:
		case <-time.After(again):
		}
	}
}
